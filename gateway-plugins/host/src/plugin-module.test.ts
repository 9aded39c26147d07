import { describe, expect, it } from 'vitest';
import { compile, compileModule } from '../test/compile.js';
import { createHost, loadModule, VmFailure } from './index.js';

describe('loadModule', () => {
  it('refuses what is not WebAssembly', async () => {
    await expect(loadModule(Buffer.from('not wasm'))).rejects.toThrow(
      'not a WebAssembly module of version 1',
    );
  });

  it('refuses a module that ends in the middle', async () => {
    const wasm = await compile('export function proxy_on_tick(id: u32): void {}');
    await expect(loadModule(wasm.subarray(0, wasm.length - 5))).rejects.toThrow('middle of a section');
  });

  it('refuses another ABI version', async () => {
    const other = 'export function proxy_abi_version_0_2_0(): void {}';
    await expect(compileModule(other)).rejects.toThrow(
      'must export proxy_abi_version_0_2_1; it exports proxy_abi_version_0_2_0',
    );
  });

  it.each([
    [
      '@external("env", "proxy_clear_route_cache") declare function f(): u32;',
      'imports env.proxy_clear_route_cache, which Envoy does not provide',
    ],
    [
      '@external("env", "abort") declare function f(): u32;',
      'imports env.abort, which Envoy does not provide',
    ],
    ['@external("other", "f") declare function f(): u32;', 'imports other.f, which Envoy does not provide'],
    [
      '@external("env", "proxy_done") declare function f(x: u64): u32;',
      'imports env.proxy_done as I>i; Envoy provides >i',
    ],
  ])('refuses %s', async (declaration, message) => {
    const call = declaration.includes('u64') ? 'f(1)' : 'f()';
    await expect(
      compileModule(`${declaration}\nexport function proxy_on_tick(id: u32): void { ${call}; }`),
    ).rejects.toThrow(message);
  });

  it('refuses a callback of another signature', async () => {
    const source = 'export function proxy_on_request_headers(id: u32, n: u32): u32 { return 0; }';
    await expect(compileModule(source)).rejects.toThrow(
      'exports proxy_on_request_headers as ii>i; Envoy calls it as iii>i',
    );
  });

  it('refuses a module without an allocator', async () => {
    const source = 'export function proxy_abi_version_0_2_1(): void {} // proxy_on_memory_allocate';
    await expect(compileModule(source)).rejects.toThrow('must export malloc or proxy_on_memory_allocate');
  });
});

describe('the start of a VM', () => {
  it('runs _initialize and main with only the hostcalls that Envoy allows', async () => {
    const module = await compileModule(`
      @external("env", "proxy_log") declare function log(level: u32, p: usize, n: usize): u32;
      export function main(argc: i32, argv: i32): i32 { log(2, memory.data<u8>([104, 105]), 2); return 0; }`);
    const host = createHost();
    host.createVm(module);
    expect(host.logs.map((entry) => entry.message)).toEqual(['hi']);
  });

  it('fails when main calls anything else', async () => {
    const module = await compileModule(`
      @external("env", "proxy_set_tick_period_milliseconds") declare function tick(ms: u32): u32;
      export function main(argc: i32, argv: i32): i32 { return tick(1); }`);
    expect(() => createHost().createVm(module)).toThrow(VmFailure);
    expect(() => createHost().createVm(module)).toThrow(
      'proxy_set_tick_period_milliseconds is not allowed during start of the module',
    );
  });
});
