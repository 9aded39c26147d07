import { BOUNDARY, formBody } from '@hiclaw/policy-image/arbitraries';
import fc from 'fast-check';
import { beforeAll, describe, expect, it } from 'vitest';
import { callOfForm } from '../../../packages/policy-image/src/oracle/form-call.js';
import { COMPILE_TIMEOUT_MS } from '../../policy/test/load-module.js';
import { BodyScanner, oracleFound, SCAN, type Found, type NamedInPath } from './support/body-scanner.js';

let scanner: BodyScanner;

beforeAll(async () => {
  scanner = await BodyScanner.load();
}, COMPILE_TIMEOUT_MS);

function scan(
  bytes: Uint8Array,
  cuts: readonly number[] = [],
  named: NamedInPath | null = null,
  boundary = BOUNDARY,
): Found {
  return scanner.scan(bytes, cuts, { boundary, named });
}

function oracle(bytes: Uint8Array, named: NamedInPath | null = null, boundary = BOUNDARY): Found {
  const pathModel = named === null ? null : { ...named, offset: 0 };
  return oracleFound(named !== null, () => callOfForm(bytes, boundary, pathModel));
}

function form(boundary: string, parts: readonly (readonly [name: string, value: string])[]): Buffer {
  const texts = parts.map(
    ([name, value]) => `--${boundary}\r\nContent-Disposition: form-data; name="${name}"\r\n\r\n${value}\r\n`,
  );
  return Buffer.from(`${texts.join('')}--${boundary}--\r\n`);
}

describe('form scan', () => {
  it('finds the model whatever stands around it, at every cut', () => {
    const body = form(BOUNDARY, [
      ['file', '\r\n-\r\n--\r\n---'],
      ['model', 'gpt-4o'],
      ['stream', 'True'],
    ]);
    const whole = scan(body);
    expect(whole).toMatchObject({ scan: 'found', model: 'gpt-4o', isStream: true });
    const [offset = 0, length = 0] = whole.place ?? [];
    expect(body.toString('utf8', offset, offset + length)).toBe('gpt-4o');
    for (let cut = 0; cut <= body.length; cut++) expect(scan(body, [cut])).toEqual(whole);
    expect(scan(body, [...body.keys()])).toEqual(whole);
    for (let end = 0; end < body.length - 2; end++) {
      expect(scan(body.subarray(0, end)).scan, `cut short at ${end}`).toBe('malformed');
    }
  });

  it('agrees with what the platform makes of a form', async () => {
    const data = new FormData();
    data.set('file', new Blob([Buffer.alloc(5000, '-\r\n-')], { type: 'audio/wav' }), 'ä "quoted".wav');
    data.set('model', 'gpt-4o');
    data.append('timestamp_granularities[]', 'word');
    const request = new Request('http://gateway/', { method: 'POST', body: data });
    const boundary = /boundary=(.*)$/.exec(request.headers.get('content-type') ?? '')?.[1] ?? '';
    const body = new Uint8Array(await request.arrayBuffer());
    expect(scan(body, [], null, boundary)).toMatchObject({ scan: 'found', model: 'gpt-4o' });
  });

  it.each(['-', '--', '-----', 'a', 'aabaa', '-a-a-a', 'x'.repeat(70)])(
    'finds boundary %j only where it delimits',
    (boundary) => {
      const word = fc.constantFrom(
        '\r\n',
        '-',
        '--',
        boundary,
        boundary.slice(0, -1),
        `--${boundary}`,
        'a',
        '\n',
      );
      fc.assert(
        fc.property(fc.array(word, { maxLength: 8 }), fc.nat(), (words, place) => {
          const body = form(boundary, [
            ['file', words.join('')],
            ['model', 'gpt-4o'],
          ]);
          const expected = oracle(body, null, boundary);
          expect(scan(body, [place % (body.length + 1)], null, boundary)).toEqual(expected);
        }),
        { numRuns: 300 },
      );
    },
  );

  it('agrees with the oracle on any body in any pieces, and finds the model where it says', () => {
    const seen = new Map<string, number>();
    const named = fc.constantFrom(null, null, { name: 'gpt-4o', hasResourceNames: false });
    fc.assert(
      fc.property(formBody, named, fc.array(fc.nat(), { maxLength: 4 }), (bytes, inPath, cutSeeds) => {
        const cuts = cutSeeds.map((seed) => seed % (bytes.length + 1)).sort((a, b) => a - b);
        const found = scan(bytes, cuts, inPath);
        expect(found).toEqual(oracle(bytes, inPath));
        seen.set(found.scan, (seen.get(found.scan) ?? 0) + 1);
        if (found.place === null) return;
        const [offset, length] = found.place;
        expect(Buffer.from(bytes.subarray(offset, offset + length)).toString()).toBe(found.model);
      }),
      { numRuns: 8_000 },
    );
    expect([...seen.keys()].sort()).toEqual([...SCAN].sort());
  });
});
