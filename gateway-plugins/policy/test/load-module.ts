import path from 'node:path';
import { compilePlugin } from './compile-plugin.js';
import { instantiate } from './web-assembly.js';

/** For the hook that compiles; the compiler is slow on a busy machine. */
export const COMPILE_TIMEOUT_MS = 60_000;

export interface TestModule {
  /** Linear memory as it is now; it may be another one after a call. */
  memory(): Uint8Array;
  /** Calls an exported function; all arguments and results are 32-bit numbers. */
  call(name: string, ...args: readonly number[]): number;
  /** Copies bytes to memory that stays valid, and returns where. */
  place(bytes: Uint8Array): number;
  read(pointer: number, length: number): Uint8Array;
}

/**
 * Compiles an AssemblyScript entry file as the plugins are compiled and runs it in this process, without a host: pure
 * code calls nothing, and whatever it imports throws. The entry exports `allocate(size)`.
 */
export async function loadModule(entry: string): Promise<TestModule> {
  const folder = path.dirname(path.dirname(entry));
  const instance = instantiate(await compilePlugin(folder, path.relative(folder, entry)), (name) => () => {
    throw new Error(`pure code called ${name}`);
  });
  const memory = (): Uint8Array => new Uint8Array(instance.memory.buffer);
  const call = (name: string, ...args: readonly number[]): number => instance.call(name, ...args) >>> 0;
  call('_initialize');
  return {
    memory,
    call,
    place: (bytes) => {
      const pointer = call('allocate', bytes.length);
      memory().set(bytes, pointer);
      return pointer;
    },
    read: (pointer, length) => memory().slice(pointer, pointer + length),
  };
}
