import { Status } from '../abi.js';
import { AbiViolation, VmFailure } from '../errors.js';
import { InvalidPointer } from '../guest-memory.js';
import type { ModuleShape } from '../module-reader.js';
import type { HostcallName, WasiName } from '../signatures.js';
import type { Vm } from '../vm.js';
import type { WasmFunction, WasmImports } from '../webassembly.js';
import { bufferHostcalls } from './buffers.js';
import { calloutHostcalls } from './callouts.js';
import { headerHostcalls } from './headers.js';
import { generalHostcalls } from './general.js';
import { metricHostcalls } from './metrics.js';
import { sharedHostcalls } from './shared.js';
import { streamHostcalls } from './stream.js';
import type { Hostcall, HostcallTable } from './table.js';
import { wasiCalls } from './wasi.js';

const WASI_EFAULT = 21;

/** What a module may call while it starts or allocates; anything else makes Envoy's VM trap. */
const UNRESTRICTED: ReadonlySet<string> = new Set([
  'proxy_log', 'fd_write', 'args_sizes_get', 'args_get', 'environ_sizes_get', 'environ_get', 'fd_prestat_get',
  'fd_prestat_dir_name', 'clock_time_get', 'random_get',
]); // prettier-ignore

const ENV: HostcallTable<HostcallName> = {
  ...generalHostcalls,
  ...headerHostcalls,
  ...bufferHostcalls,
  ...streamHostcalls,
  ...sharedHostcalls,
  ...calloutHostcalls,
  ...metricHostcalls,
};
const EXTRAS: Readonly<Record<string, WasmFunction>> = {
  pthread_equal: (left, right) => (left === right ? 1 : 0),
  emscripten_notify_memory_growth: () => undefined,
};

/** Import object with exactly what the module asks for. */
export function bindHostcalls(vm: Vm, shape: ModuleShape): WasmImports {
  const imports: WasmImports = {};
  for (const { module, name } of shape.imports) {
    const target = (imports[module] ??= {});
    const extra = module === 'env' ? EXTRAS[name] : undefined;
    if (extra !== undefined) target[name] = extra;
    else if (module === 'env') target[name] = bindEnv(vm, name as HostcallName, ENV[name as HostcallName]);
    else target[name] = bindWasi(vm, name as WasiName, wasiCalls[name as WasiName]);
  }
  return imports;
}

function bindEnv(vm: Vm, name: HostcallName, hostcall: Hostcall): WasmFunction {
  const call = guarded(vm, name, hostcall, Status.InvalidMemoryAccess);
  return (...args) => {
    const { stats } = vm.current;
    const status = call(args);
    if (status !== Status.Ok) stats.refuse({ hostcall: name, status, callback: vm.callback });
    vm.host.trace?.({ vm, hostcall: name, callback: vm.callback, contextId: vm.current.id, status });
    return status;
  };
}

function bindWasi(vm: Vm, name: WasiName, hostcall: Hostcall): WasmFunction {
  const call = guarded(vm, name, hostcall, WASI_EFAULT);
  return (...args) => call(args);
}

function guarded(
  vm: Vm,
  name: HostcallName | WasiName,
  hostcall: Hostcall,
  badPointer: number,
): (args: (number | bigint)[]) => number {
  return (args) => {
    if (vm.restricted !== null && !UNRESTRICTED.has(name)) {
      throw new VmFailure(`${name} is not allowed during ${vm.restricted}`);
    }
    vm.current.stats.countHostcall(name);
    vm.hostcall = name;
    try {
      return hostcall(vm, ...args);
    } catch (error) {
      if (!(error instanceof InvalidPointer)) throw error;
      if (vm.host.strict) throw new AbiViolation(`${name}: ${error.message}`);
      return badPointer;
    }
  };
}
