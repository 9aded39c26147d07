// The part of WebAssembly that the tests need; its types come with the DOM library, which nothing here should see.

export type WasmFunction = (...args: readonly number[]) => number;

interface Instance {
  readonly memory: { readonly buffer: ArrayBuffer };
  /** @throws Error when the module exports no such function. */
  call(name: string, ...args: readonly number[]): number;
}

interface Api {
  Module: {
    new (bytes: Uint8Array): object;
    imports(module: object): readonly { readonly module: string; readonly name: string }[];
  };
  Instance: new (
    module: object,
    imports: Readonly<Record<string, Readonly<Record<string, WasmFunction>>>>,
  ) => { readonly exports: Readonly<Record<string, unknown>> };
}

const { Module, Instance } = (globalThis as unknown as { readonly WebAssembly: Api }).WebAssembly;

/** Instantiates a module; each of its imports is answered by what `importOf` gives for its name. */
export function instantiate(wasm: Uint8Array, importOf: (name: string) => WasmFunction): Instance {
  const module = new Module(wasm);
  const imports: Record<string, Record<string, WasmFunction>> = {};
  for (const { module: from, name } of Module.imports(module)) {
    imports[from] = { ...imports[from], [name]: importOf(name) };
  }
  const { exports } = new Instance(module, imports);
  return {
    memory: exports['memory'] as Instance['memory'],
    call: (name, ...args) => {
      const callee = exports[name];
      if (typeof callee !== 'function') throw new Error(`the module does not export ${name}`);
      return (callee as WasmFunction)(...args);
    },
  };
}
