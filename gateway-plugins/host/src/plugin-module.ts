import { readFile } from 'node:fs/promises';
import { ModuleRejected } from './errors.js';
import { readModuleShape, type ModuleShape, type Signature } from './module-reader.js';
import { CALLBACK_SIGNATURES, ENTRY_SIGNATURES, ENV_SIGNATURES, WASI_SIGNATURES } from './signatures.js';
import { webAssembly, type WasmModule } from './webassembly.js';

const ABI_EXPORT = 'proxy_abi_version_0_2_1';
const WASM_MAGIC = Buffer.from([0, 0x61, 0x73, 0x6d, 1, 0, 0, 0]);
const WASI_MODULES = new Set(['wasi_snapshot_preview1', 'wasi_unstable']);
/** Registered by Envoy besides the hostcalls, for toolchains that import them. */
const ENV_EXTRAS: Readonly<Record<string, Signature>> = {
  pthread_equal: 'ii>i',
  emscripten_notify_memory_growth: 'i>',
};

/** A compiled module, checked the way Envoy checks it: ABI, imports, signatures. Make VMs of it with `host.createVm`. */
export interface PluginModule {
  readonly compiled: WasmModule;
  readonly shape: ModuleShape;
}

/**
 * Loads a proxy-wasm module from bytes or a file.
 * @throws ModuleRejected when Envoy would refuse it; the message names the import or export.
 */
export async function loadModule(source: Uint8Array | string | URL): Promise<PluginModule> {
  const bytes = source instanceof Uint8Array ? source : await readFile(source);
  if (!WASM_MAGIC.equals(Buffer.from(bytes.buffer, bytes.byteOffset, Math.min(8, bytes.byteLength)))) {
    throw new ModuleRejected('not a WebAssembly module of version 1');
  }
  const shape = readModuleShape(bytes);
  checkAbi(shape);
  shape.imports.forEach(checkImport);
  checkExports(shape);
  try {
    return { compiled: await webAssembly.compile(bytes), shape };
  } catch (error) {
    throw new ModuleRejected(`does not compile: ${String(error)}`, { cause: error });
  }
}

function checkAbi(shape: ModuleShape): void {
  if (shape.functions.has(ABI_EXPORT)) return;
  const other = [...shape.functions.keys()].find((name) => name.startsWith('proxy_abi_version_'));
  throw new ModuleRejected(`must export ${ABI_EXPORT}; it exports ${other ?? 'no ABI version'}`);
}

function checkImport(entry: ModuleShape['imports'][number]): void {
  const { module, name, signature } = entry;
  const known: Readonly<Record<string, Signature>> | null =
    module === 'env'
      ? { ...ENV_SIGNATURES, ...ENV_EXTRAS }
      : WASI_MODULES.has(module)
        ? WASI_SIGNATURES
        : null;
  const expected = known?.[name];
  if (expected === undefined)
    throw new ModuleRejected(`imports ${module}.${name}, which Envoy does not provide`);
  if (signature !== expected) {
    throw new ModuleRejected(
      `imports ${module}.${name} as ${signature ?? 'no function'}; Envoy provides ${expected}`,
    );
  }
}

function checkExports(shape: ModuleShape): void {
  const expected: Readonly<Record<string, Signature>> = { ...CALLBACK_SIGNATURES, ...ENTRY_SIGNATURES };
  for (const [name, signature] of shape.functions) {
    const wanted = expected[name];
    if (wanted !== undefined && signature !== wanted) {
      throw new ModuleRejected(`exports ${name} as ${signature}; Envoy calls it as ${wanted}`);
    }
  }
  if (!shape.functions.has('malloc') && !shape.functions.has('proxy_on_memory_allocate')) {
    throw new ModuleRejected('must export malloc or proxy_on_memory_allocate');
  }
  if (!shape.memories.includes('memory')) throw new ModuleRejected('must export its memory as "memory"');
}
