import fc from 'fast-check';
import path from 'node:path';
import { beforeAll, describe, expect, it } from 'vitest';
import { COMPILE_TIMEOUT_MS, loadModule, type TestModule } from '../../policy/test/load-module.js';
import { referenceScan, SCAN, type Scan } from './support/reference-scan.js';

let module: TestModule;
let scanner: number;
let room: number;

beforeAll(async () => {
  module = await loadModule(path.resolve(import.meta.dirname, '../assembly/pure.ts'));
  scanner = module.call('allocate', module.call('scannerBytes'));
  room = module.call('allocate', 1 << 16);
}, COMPILE_TIMEOUT_MS);

/** Scans a body handed over in chunks that end at the given offsets. */
function scan(body: Uint8Array, cuts: readonly number[] = []): { scan: Scan; model: string } {
  module.call('scanStart', scanner);
  let from = 0;
  for (const to of [...cuts, body.length]) {
    module.memory().set(body.subarray(from, to), room);
    if (module.call('scan', scanner, room, room + to - from) === 0) break;
    from = to;
  }
  const result = SCAN[module.call('scanResult', scanner)] ?? 'malformed';
  const length = result === 'found' ? module.call('scannedModelLength', scanner) : 0;
  return {
    scan: result,
    model: Buffer.from(module.read(scanner + module.call('modelOffset'), length)).toString(),
  };
}

const utf8 = (text: string): Uint8Array => Buffer.from(text, 'utf8');

describe('model scan', () => {
  it.each<[string, Scan]>([
    ['{"model":"gpt-4o"}', 'found'],
    [' \t\r\n{ "a" : [1, {"model": "x"}] , "model" : "gpt-4o" } \n', 'found'],
    ['{"m\\u006fdel":"gpt-4o"}', 'found'],
    ['{"messages":[{"content":"\\"model\\":\\"other\\""}],"model":"gpt-4o"}', 'found'],
    ['{"model":"gpt-4o","n":-0.5e+10,"t":true,"f":false,"z":null}', 'found'],
    ['{"model":"\\ud83d\\ude00"}', 'found'],
    ['{"model":"a","model":"b"}', 'ambiguous'],
    ['{"model":"a","m\\u006Fdel":"a"}', 'ambiguous'],
    ['{"Model":"a"}', 'ambiguous'],
    ['{"model":"a","MODEL":1}', 'ambiguous'],
    ['{"model":"a","models":["b"]}', 'ambiguous'],
    ['{"model":"a","fallbacks":[]}', 'ambiguous'],
    ['{"model":"a","Fallback":null}', 'ambiguous'],
    ['{}', 'missing'],
    ['{"a":{"model":"x"}}', 'missing'],
    ['{"model ":"x"}', 'missing'],
    ['{"model":null}', 'bad-model'],
    ['{"model":["gpt-4o"]}', 'bad-model'],
    ['{"model":{"model":"gpt-4o"}}', 'bad-model'],
    ['{"model":1}', 'bad-model'],
    ['{"model":""}', 'bad-model'],
    ['{"model":"\\u0000"}', 'bad-model'],
    ['{"model":"a\\nb"}', 'bad-model'],
    ['{"model":"\u007f"}', 'bad-model'],
    ['{"model":"\u0085"}', 'found'],
    ['{"model":"\\ud83d"}', 'bad-model'],
    ['{"model":"\\ude00\\ud83d"}', 'bad-model'],
    [`{"model":"${'a'.repeat(256)}"}`, 'found'],
    [`{"model":"${'a'.repeat(257)}"}`, 'bad-model'],
    [`{"model":"${'é'.repeat(128)}"}`, 'found'],
    [`{"model":"${'é'.repeat(128)}a"}`, 'bad-model'],
    ['{"note":"\\ud83d","model":"a"}', 'found'],
    ['', 'malformed'],
    [' ', 'malformed'],
    ['[]', 'malformed'],
    ['"model"', 'malformed'],
    ['{"model":"a"', 'malformed'],
    ['{"model":"a"}}', 'malformed'],
    ['{"model":"a"}{}', 'malformed'],
    ['{"model":"a"}\0', 'malformed'],
    ['{"model":"a",}', 'malformed'],
    ['{,"model":"a"}', 'malformed'],
    ['{"model":"a" "b":1}', 'malformed'],
    ["{'model':'a'}", 'malformed'],
    ['{model:"a"}', 'malformed'],
    ['{"model":"a","n":01}', 'malformed'],
    ['{"model":"a","n":1.}', 'malformed'],
    ['{"model":"a","n":.5}', 'malformed'],
    ['{"model":"a","n":+1}', 'malformed'],
    ['{"model":"a","n":1e}', 'malformed'],
    ['{"model":"a","n":-}', 'malformed'],
    ['{"model":"a","n":NaN}', 'malformed'],
    ['{"model":"a","n":tru}', 'malformed'],
    ['{"model":"a","n":nulll}', 'malformed'],
    ['{"model":"a","n":[1,]}', 'malformed'],
    ['{"model":"a","n":[}', 'malformed'],
    ['{"model":"a","n":{]}', 'malformed'],
    ['{"model":"a\nb"}', 'malformed'],
    ['{"model":"\\x41"}', 'malformed'],
    ['{"model":"\\u12g4"}', 'malformed'],
    ['{"model":"a"} // comment', 'malformed'],
    ['\ufeff{"model":"a"}', 'malformed'],
    ['{"a":1,"model":"a"}\u00a0', 'malformed'],
  ])('%j: %s', (text, expected) => {
    const body = utf8(text);
    expect(referenceScan(body).scan).toBe(expected);
    const whole = scan(body);
    expect(whole.scan).toBe(expected);
    expect(whole.model).toBe(referenceScan(body).model);
    for (let cut = 0; cut <= body.length; cut++) expect(scan(body, [cut])).toEqual(whole);
    expect(scan(body, [...body.keys()])).toEqual(whole);
  });

  it.each<[string, readonly number[]]>([
    ['overlong', [0xc0, 0x80]],
    ['overlong of three', [0xe0, 0x80, 0x80]],
    ['encoded surrogate', [0xed, 0xa0, 0x80]],
    ['beyond U+10FFFF', [0xf4, 0x90, 0x80, 0x80]],
    ['stray continuation', [0x80]],
    ['cut short', [0xe2, 0x82]],
    ['not in UTF-8 at all', [0xff]],
  ])('refuses %s bytes in any string', (_, bytes) => {
    for (const [before, after] of [
      ['{"model":"', '"}'],
      ['{"', '":1,"model":"a"}'],
      ['{"model":"a","b":["', '"]}'],
    ] as const) {
      const body = Buffer.concat([utf8(before), Buffer.from(bytes), utf8(after)]);
      expect(referenceScan(body).scan).toBe('malformed');
      for (let cut = 0; cut <= body.length; cut++) expect(scan(body, [cut]).scan).toBe('malformed');
    }
  });

  it('accepts 128 levels and refuses 129', () => {
    const nested = (levels: number, open: string, close: string): Uint8Array =>
      utf8(`{"model":"a","x":${open.repeat(levels - 1)}${close.repeat(levels - 1)}}`);
    expect(scan(nested(128, '[', ']')).scan).toBe('found');
    expect(scan(nested(129, '[', ']')).scan).toBe('malformed');
    expect(scan(utf8(`{"model":"a","x":${'{"a":'.repeat(127)}1${'}'.repeat(127)}}`)).scan).toBe('found');
    expect(scan(utf8(`{"model":"a","x":${'{"a":'.repeat(128)}1${'}'.repeat(128)}}`)).scan).toBe('malformed');
  });

  it('agrees with the reference on JSON that was made and then damaged', () => {
    const key = fc.oneof(
      fc.constantFrom('model', 'Model', 'models', 'fallback', 'FALLBACKS', 'messages', 'mode', 'modell'),
      fc.string({ unit: 'grapheme' }),
    );
    const text = fc.oneof(fc.constantFrom('gpt-4o', '', '\ud800', '\u0000'), fc.string({ unit: 'binary' }));
    const value = fc.letrec<{ value: unknown }>((tie) => ({
      value: fc.oneof(
        { maxDepth: 4 },
        text,
        fc.double({ noNaN: true }),
        fc.constantFrom(true, false, null),
        fc.array(tie('value'), { maxLength: 3 }),
        fc.dictionary(key, tie('value'), { maxKeys: 3 }),
      ),
    })).value;
    const entries = fc.array(fc.tuple(key, fc.oneof(value, fc.constant('gpt-4o'))), { maxLength: 5 });
    const escaped = (s: string, all: boolean): string =>
      all
        ? `"${Array.from({ length: s.length }, (_, i) => `\\u${s.charCodeAt(i).toString(16).padStart(4, '0')}`).join('')}"`
        : JSON.stringify(s);
    const seen = new Map<string, number>();
    fc.assert(
      fc.property(
        entries,
        fc.boolean(),
        fc.array(fc.tuple(fc.nat(), fc.nat(255)), { maxLength: 1 }),
        fc.array(fc.nat(), { maxLength: 4 }),
        (pairs, escapes, damage, cutSeeds) => {
          const body = utf8(
            `{${pairs.map(([k, v]) => `${escaped(k, escapes)}:${typeof v === 'string' ? escaped(v, escapes) : JSON.stringify(v)}`).join(',')}}`,
          );
          for (const [at, byte] of damage) body[at % body.length] = byte;
          const cuts = cutSeeds.map((seed) => seed % (body.length + 1)).sort((a, b) => a - b);
          const expected = referenceScan(body);
          seen.set(expected.scan, (seen.get(expected.scan) ?? 0) + 1);
          expect(scan(body, cuts)).toEqual(expected);
        },
      ),
      { numRuns: 5_000 },
    );
    expect([...seen.keys()].sort()).toEqual([...SCAN].sort());
  });
});
