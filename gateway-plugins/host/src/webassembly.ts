/** The part of the WebAssembly JavaScript API that the host needs: Node's types do not declare it. */
export interface WasmMemory {
  readonly buffer: ArrayBuffer;
}
export type WasmFunction = (...args: (number | bigint)[]) => unknown;
export interface WasmModule {
  readonly [Symbol.toStringTag]: string;
}
interface WasmInstance {
  readonly exports: Readonly<Record<string, unknown>>;
}
export type WasmImports = Record<string, Record<string, WasmFunction>>;

interface WebAssemblyApi {
  readonly Module: new (bytes: Uint8Array) => WasmModule;
  readonly Instance: new (module: WasmModule, imports: WasmImports) => WasmInstance;
  readonly Memory: new (options: { initial: number }) => WasmMemory;
  compile(bytes: Uint8Array): Promise<WasmModule>;
}

export const webAssembly = Reflect.get(globalThis, 'WebAssembly') as WebAssemblyApi;
