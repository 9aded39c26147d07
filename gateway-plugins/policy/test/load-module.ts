import path from 'node:path';
import { compilePlugin } from './compile-plugin.js';

/** For the hook that compiles; the compiler is slow on a busy machine. */
export const COMPILE_TIMEOUT_MS = 60_000;

export interface TestModule {
  readonly memory: WebAssembly.Memory;
  /** Calls an exported function; all arguments and results are 32-bit numbers. */
  call(name: string, ...args: readonly number[]): number;
  /** Copies bytes to memory that stays valid, and returns where. */
  place(bytes: Uint8Array): number;
  read(pointer: number, length: number): Uint8Array;
}

/**
 * Compiles an AssemblyScript entry file as the plugins are compiled and runs it in this process, without a host.
 * The entry exports `allocate(size)`.
 */
export async function loadModule(entry: string): Promise<TestModule> {
  const folder = path.dirname(path.dirname(entry));
  const wasm = await compilePlugin(folder, path.relative(folder, entry));
  const { instance } = await WebAssembly.instantiate(wasm, hostStub(wasm));
  const exports = instance.exports as Record<string, WebAssembly.ExportValue>;
  const memory = exports['memory'] as WebAssembly.Memory;
  const call = (name: string, ...args: readonly number[]): number => {
    const callee = exports[name];
    if (typeof callee !== 'function') throw new Error(`${entry} does not export ${name}`);
    return (callee as (...args: readonly number[]) => number)(...args) >>> 0;
  };
  (exports['_initialize'] as () => void)();
  return {
    memory,
    call,
    place: (bytes) => {
      const pointer = call('allocate', bytes.length);
      new Uint8Array(memory.buffer).set(bytes, pointer);
      return pointer;
    },
    read: (pointer, length) => new Uint8Array(memory.buffer).slice(pointer, pointer + length),
  };
}

/** Pure code calls nothing; whatever it imports traps. */
function hostStub(wasm: Uint8Array<ArrayBuffer>): WebAssembly.Imports {
  const imports: Record<string, Record<string, () => never>> = {};
  for (const { module, name } of WebAssembly.Module.imports(new WebAssembly.Module(wasm))) {
    (imports[module] ??= {})[name] = () => {
      throw new Error(`pure code called ${module}.${name}`);
    };
  }
  return imports;
}
