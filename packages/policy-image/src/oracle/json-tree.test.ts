import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { body } from '../testing/body-arbitraries.js';
import { callOfJson } from './json-call.js';
import { Malformed, readJsonObject, type JsonNode } from './json-tree.js';

const decoder = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });

function depthOf(value: unknown): number {
  if (typeof value !== 'object' || value === null) return 0;
  return 1 + Math.max(0, ...Object.values(value).map(depthOf));
}

/** What the language's own parser makes of the bytes, or undefined. */
function parsed(bytes: Uint8Array): unknown {
  try {
    return JSON.parse(decoder.decode(bytes));
  } catch {
    return undefined;
  }
}

type Read =
  { readonly kind: 'malformed'; readonly at: number } | { readonly kind: 'object'; readonly root: JsonNode };

function read(bytes: Uint8Array): Read {
  try {
    return { kind: 'object', root: readJsonObject(bytes) };
  } catch (error) {
    if (error instanceof Malformed) return { kind: 'malformed', at: error.at };
    throw error;
  }
}

describe('readJsonObject', () => {
  it('takes exactly the objects that JSON.parse takes, up to its depth', () => {
    fc.assert(
      fc.property(body, (bytes) => {
        const value = parsed(bytes);
        const isObject = typeof value === 'object' && value !== null && !Array.isArray(value);
        const scanned = read(bytes);
        // JSON.parse drops all but the last of equal keys, and with them their depth.
        if (scanned.kind === 'malformed' && isObject) expect(depthOf(value)).toBeGreaterThan(128);
        if (scanned.kind !== 'malformed') expect(isObject).toBe(true);
      }),
      { numRuns: 8000 },
    );
  });

  it('finds the model that JSON.parse finds', () => {
    fc.assert(
      fc.property(body, (bytes) => {
        const scanned = read(bytes);
        if (scanned.kind === 'malformed') return;
        const { isAmbiguous, isUnusable, model, place } = callOfJson(scanned.root, null);
        if (isAmbiguous || isUnusable) return;
        if (model === null || place === null) {
          expect(parsed(bytes)).not.toHaveProperty('model');
          return;
        }
        expect(parsed(bytes)).toMatchObject({ model });
        const text = Buffer.from(bytes.subarray(place.offset, place.offset + place.length)).toString();
        expect(JSON.parse(text)).toBe(model);
      }),
      { numRuns: 5000 },
    );
  });

  it('finds a body malformed at a byte and not before', () => {
    fc.assert(
      fc.property(body, (bytes) => {
        const scanned = read(bytes);
        if (scanned.kind !== 'malformed') return;
        const before = read(bytes.subarray(0, scanned.at - 1));
        // What stands before is complete or merely cut short.
        if (before.kind === 'malformed') expect(before.at).toBe(scanned.at);
      }),
      { numRuns: 5000 },
    );
  });
});
