import { body } from '@hiclaw/policy-image/arbitraries';
import fc from 'fast-check';
import { beforeAll, describe, expect, it } from 'vitest';
import * as L from '../../../packages/policy-image/src/layout.js';
import { callOfJson } from '../../../packages/policy-image/src/oracle/json-call.js';
import { readJsonObject } from '../../../packages/policy-image/src/oracle/json-tree.js';
import { COMPILE_TIMEOUT_MS } from '../../policy/test/load-module.js';
import {
  BodyScanner,
  oracleFound,
  SCAN,
  type Found,
  type NamedInPath,
  type Scan,
} from './support/body-scanner.js';

let scanner: BodyScanner;

beforeAll(async () => {
  scanner = await BodyScanner.load();
}, COMPILE_TIMEOUT_MS);

const pathModels: readonly NamedInPath[] = [
  { name: 'gpt-4o', hasResourceNames: true },
  { name: 'gpt-4o', hasResourceNames: false },
];

/** Scans a body handed over in chunks that end at the given offsets. */
function scan(bytes: Uint8Array, cuts: readonly number[] = [], named: NamedInPath | null = null): Found {
  return scanner.scan(bytes, cuts, { boundary: null, named });
}

function oracle(bytes: Uint8Array, named: NamedInPath | null = null): Found {
  const pathModel = named === null ? null : { ...named, offset: 0 };
  return oracleFound(named !== null, () => callOfJson(readJsonObject(bytes), pathModel));
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
    ['{"model ":"x"}', 'ambiguous'],
    ['{"mode":"x"}', 'missing'],
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
    expect(oracle(body).scan).toBe(expected);
    const whole = scan(body);
    expect(whole.scan).toBe(expected);
    expect(whole).toEqual(oracle(body));
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
      expect(oracle(body).scan).toBe('malformed');
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

  it.each<[string, Partial<Found>]>([
    ['{"model":"a","max_tokens":7}', { maxTokens: 7, choices: 0 }],
    ['{"model":"a","max_tokens":7,"max_completion_tokens":9,"n":3}', { maxTokens: 9, choices: 3 }],
    ['{"model":"a","max_output_tokens":0}', { maxTokens: 0 }],
    ['{"model":"a","max_tokens":4294967295}', { maxTokens: 0xffff_ffff }],
    ['{"model":"a","max_tokens":99999999999999}', { maxTokens: 0xffff_ffff }],
    ['{"model":"a","max_tokens":1.5}', { maxTokens: 0xffff_ffff }],
    ['{"model":"a","max_tokens":1e2}', { maxTokens: 0xffff_ffff }],
    ['{"model":"a","max_tokens":-5,"best_of":2}', { maxTokens: 0, choices: 2 }],
    ['{"model":"a","max_tokens":"7","x":{"max_tokens":8}}', { maxTokens: 0 }],
    [
      '{"generationConfig":{"maxOutputTokens":8,"candidateCount":2},"model":"a"}',
      { maxTokens: 8, choices: 2 },
    ],
    ['{"model":"a"}', { usage: [L.CALL_USAGE_MEMBER, 1, 0] }],
    [' {"model":"a","stream_options":{}}', { usage: [L.CALL_USAGE_ONLY, 32, 0] }],
    ['{"model":"a","stream_options":{ "x":1}}', { usage: [L.CALL_USAGE_FIRST, 31, 0] }],
    ['{"model":"a","stream_options":{"include_usage": false }}', { usage: [L.CALL_USAGE_VALUE, 48, 5] }],
    ['{"model":"a","stream_options": null}', { usage: [L.CALL_USAGE_OPTIONS, 31, 4] }],
    ['{"model":"a","stream_options":[]}', { usage: null }],
    ['{"model":"a","stream_options":{"include_usage":1}}', { usage: null }],
    ['{"model":"a","stream_options":{},"stream_options":{}}', { usage: null }],
    [
      '{"model":"a","stream_options":{"include_usage":true},"stream":true}',
      { asksUsage: true, isStream: true },
    ],
    ['{"model":"a","stream":true,"stream":false}', { isStream: false }],
  ])('%j says %j', (text, expected) => {
    expect(oracle(utf8(text))).toMatchObject(expected);
    expect(scan(utf8(text))).toMatchObject(expected);
  });

  it('agrees with the oracle on any body in any pieces, and finds the model where it says', () => {
    const seen = new Map<string, number>();
    const pathModel = fc.constantFrom(null, null, ...pathModels);
    fc.assert(
      fc.property(body, pathModel, fc.array(fc.nat(), { maxLength: 4 }), (bytes, named, cutSeeds) => {
        const cuts = cutSeeds.map((seed) => seed % (bytes.length + 1)).sort((a, b) => a - b);
        const expected = oracle(bytes, named);
        const found = scan(bytes, cuts, named);
        expect(found).toEqual(expected);
        seen.set(found.scan, (seen.get(found.scan) ?? 0) + 1);
        if (found.scan !== 'found' || named !== null) return;
        const [offset = 0, length = 0] = found.place ?? [];
        const raw = Buffer.from(bytes.subarray(offset, offset + length)).toString();
        expect(JSON.parse(raw)).toBe(found.model);
        const edited = edit(bytes, found.usage);
        if (edited !== null)
          expect(JSON.parse(edited)).toMatchObject({ stream_options: { include_usage: true } });
      }),
      { numRuns: 8_000 },
    );
    expect([...seen.keys()].sort()).toEqual([...SCAN].sort());
  });
});

const FORMS: readonly string[] = [
  '',
  '"stream_options":{"include_usage":true},',
  '"include_usage":true',
  '"include_usage":true,',
  'true',
  '{"include_usage":true}',
];

/** The body with a usage edit made; null when there is none to make. */
function edit(bytes: Uint8Array, usage: Found['usage']): string | null {
  if (usage === null) return null;
  const [form, offset, length] = usage;
  const text = FORMS[form] ?? '';
  return Buffer.concat([bytes.subarray(0, offset), utf8(text), bytes.subarray(offset + length)]).toString();
}
