import { deflateSync, inflateSync } from 'node:zlib';
import { Status } from './abi.js';
import { AbiViolation } from './errors.js';
import type { Vm } from './vm.js';

export interface ForeignResult {
  readonly status: Status;
  readonly result?: Uint8Array;
}
export type ForeignFunction = (argument: Uint8Array, vm: Vm) => ForeignResult;

const BUILT_IN: Readonly<Record<string, ForeignFunction>> = {
  clear_route_cache(_argument, vm) {
    vm.effective.clearRouteCache();
    return { status: Status.Ok };
  },
  compress: (argument) => ({ status: Status.Ok, result: deflateSync(argument) }),
  uncompress(argument) {
    try {
      return { status: Status.Ok, result: inflateSync(argument) };
    } catch {
      return { status: Status.SerializationFailure };
    }
  },
};

/** Envoy has these too; a test that needs one gives it in `foreignFunctions`. */
const NOT_EMULATED = new Set([
  'declare_property', 'set_envoy_filter_state', 'verify_signature', 'sign', 'expr_create', 'expr_evaluate', 'expr_delete',
]); // prettier-ignore

/** Null when Envoy has no function of that name. */
export function runForeignFunction(vm: Vm, name: string, argument: Uint8Array): ForeignResult | null {
  const found = vm.host.foreignFunctions[name] ?? BUILT_IN[name];
  if (found !== undefined) return found(argument, vm);
  if (vm.host.strict && NOT_EMULATED.has(name)) {
    throw new AbiViolation(
      `proxy_call_foreign_function: Envoy has ${name}, this host does not; give foreignFunctions`,
    );
  }
  return null;
}
