import asc from 'assemblyscript/asc';
import { loadModule, type PluginModule } from '../src/index.js';

const COMMON = 'export function proxy_abi_version_0_2_1(): void {}\n';
const ALLOCATOR = `
const arena = memory.data(65536);
let top: usize = 0;
export function proxy_on_memory_allocate(size: usize): usize {
  if (top + size > 65536) top = 0;
  const p = arena + top;
  top = (top + size + 7) & ~7;
  return p;
}
`;

/** Compiles AssemblyScript to wasm bytes. Adds the ABI version and an allocator unless the source has them. */
export async function compile(source: string): Promise<Uint8Array> {
  let text = source;
  if (!text.includes('proxy_abi_version_')) text += COMMON;
  if (!text.includes('proxy_on_memory_allocate')) text += ALLOCATOR;
  let wasm: Uint8Array | undefined;
  const messages: string[] = [];
  const { error } = await asc.main(
    [
      'fixture.ts',
      '--outFile',
      'out.wasm',
      '--runtime',
      'minimal',
      '--exportStart',
      '_initialize',
      '--use',
      'abort=',
      '-O2',
    ],
    {
      readFile: (name: string) => (name === 'fixture.ts' ? text : null),
      writeFile: (name: string, contents: Uint8Array | string) => {
        if (name === 'out.wasm' && typeof contents !== 'string') wasm = contents.slice();
      },
      listFiles: () => [],
      stderr: { write: (text: string | Uint8Array) => messages.push(String(text)) > 0 },
    },
  );
  if (error !== null || wasm === undefined) throw new Error(`fixture does not compile: ${messages.join('')}`);
  return wasm;
}

export async function compileModule(source: string): Promise<PluginModule> {
  return loadModule(await compile(source));
}
