import fc from 'fast-check';
import { beforeAll, describe, expect, it } from 'vitest';
import { createHost, loadModule, type PluginModule } from '@hiclaw/proxy-wasm-host';
import { built, logged } from './sink.js';

let module: PluginModule;

beforeAll(async () => {
  module = await loadModule(built('test-json'));
});

/** What the parser made of it: JSON text, or null and why. */
function parse(text: string | Uint8Array): { readonly json: string | null; readonly log: string[] } {
  const host = createHost();
  const configuration = typeof text === 'string' ? Buffer.from(text) : text;
  const plugin = host.createVm(module).createPlugin({ configuration });
  const log = logged(host);
  return { json: plugin.accepted ? (log[0] ?? '') : null, log };
}

/** `value` with each number that is right to 13 digits (the tiniest may have lost more) made the expected one. */
function settled(value: unknown, expected: unknown): unknown {
  if (typeof value === 'number' && typeof expected === 'number') {
    return Math.abs(value - expected) <= Math.max(1e-290, Math.abs(expected) * 1e-13) ? expected : value;
  }
  if (Array.isArray(value) && Array.isArray(expected))
    return value.map((item, i) => settled(item, expected[i]));
  if (typeof value !== 'object' || value === null || typeof expected !== 'object' || expected === null)
    return value;
  const others = new Map<string, unknown>(Object.entries(expected));
  return Object.fromEntries(
    Object.entries(value).map(([key, member]) => [key, settled(member, others.get(key))]),
  );
}

describe('the JSON parser', () => {
  it.each([
    ['{}', '{}'],
    [' [ 1 , -2 , 0 , 123456789012345678 ] ', '[1,-2,0,123456789012345678]'],
    ['[1.5,-0.25,1e3,2E-2]', '[1.5,-0.25,1000.0,0.02]'],
    ['{"a":{"b":[null,true,false,""]}}', '{"a":{"b":[null,true,false,""]}}'],
    ['"\\"\\\\\\/\\b\\f\\n\\r\\t\\u00e9\\ud83d\\ude00"', '"\\"\\\\/\\u0008\\u000c\\n\\r\\té😀"'],
    ['"é😀"', '"é😀"'],
  ])('accepts %s', (text, expected) => {
    expect(parse(text).json).toBe(expected);
  });

  it.each([
    ['', 'unexpected end at byte 0'],
    ['{', 'a name was expected at byte 1'],
    ['{"a"}', '":" was expected at byte 4'],
    ['{"a":1,}', 'a name was expected at byte 7'],
    ['{"a":1,"\\u0061":2}', 'duplicate name at byte 15'],
    ['[1,]', 'unexpected character at byte 3'],
    ['[1 2]', '"," or "]" was expected at byte 3'],
    ['01', 'leading zero at byte 2'],
    ['1.', 'a digit was expected at byte 2'],
    ['-', 'a digit was expected at byte 1'],
    ['+1', 'unexpected character at byte 0'],
    ['1e999', 'number out of range at byte 5'],
    ['nul', 'unexpected character at byte 0'],
    ['falsy', 'unexpected character at byte 0'],
    ['true false', 'text after the value at byte 5'],
    ['"\\ud800"', 'lone surrogate at byte 8'],
    ['"\\ude00\\ud83d"', 'lone surrogate at byte 14'],
    ['"\\x41"', 'bad escape at byte 6'],
    ['"\\u00g0"', 'bad escape at byte 8'],
    ['"abc', 'unterminated string at byte 4'],
    ['"abc\\', 'unterminated string at byte 6'],
    ['"a\nb"', 'control character in a string at byte 2'],
    ['\ufeff{}', 'unexpected character at byte 0'],
    ["{'a':1}", 'a name was expected at byte 1'],
    ['['.repeat(65) + ']'.repeat(65), 'nested too deep at byte 64'],
  ])('refuses %j', (text, problem) => {
    expect(parse(text)).toEqual({ json: null, log: [problem] });
  });

  it.each([[[0xff]], [[0xc0, 0x80]], [[0xed, 0xa0, 0x80]], [[0xf5, 0x80, 0x80, 0x80]], [[0xe2, 0x82]]])(
    'refuses bytes %j in a string',
    (bytes) => {
      expect(parse(Buffer.from([0x22, ...bytes, 0x22])).log).toEqual(['not UTF-8 at byte 1']);
    },
  );

  it('gives members only as the type they have', () => {
    const text =
      '{"describe":1,"text":"t","integer":7,"float":1.5,"flag":true,"list":[1,2],"inner":{"a":1,"b":2}}';
    expect(parse(text).log[1]).toBe('t|7|1.5|7.0|true|2|a+b|none|none');
  });

  it('agrees with JSON.parse on any JSON', () => {
    fc.assert(
      fc.property(fc.json({ maxDepth: 5 }), (text) => {
        const { json } = parse(text);
        // Duplicate names are the one thing that JSON.parse takes and this does not; fc.json makes none.
        expect(json).not.toBeNull();
        const expected: unknown = JSON.parse(text);
        expect(settled(JSON.parse(json ?? ''), expected)).toEqual(expected);
      }),
      { numRuns: 1000 },
    );
  });

  it('accepts no damaged JSON that JSON.parse refuses', () => {
    fc.assert(
      fc.property(fc.json({ maxDepth: 3 }), fc.nat(), fc.string({ maxLength: 2 }), (text, at, put) => {
        const cut = at % (text.length + 1);
        const damaged = text.slice(0, cut) + put + text.slice(cut + 1);
        const { json } = parse(damaged);
        if (json !== null) expect(() => JSON.parse(damaged) as unknown).not.toThrow();
      }),
      { numRuns: 500 },
    );
  });

  it('survives any bytes', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 64 }), (bytes) => {
        const host = createHost();
        const vm = host.createVm(module);
        vm.createPlugin({ configuration: bytes });
        expect(vm.failure).toBeNull();
      }),
      { numRuns: 500 },
    );
  });
});
