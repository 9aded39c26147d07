import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { serializeAttribute, type AttributeValue } from './attributes.js';
import { Body, bodyBuffer } from './body.js';
import { toByteString } from './bytes.js';
import { VirtualClock } from './clock.js';
import { HeaderMap } from './index.js';
import { decodePairs, encodePairs } from './pairs.js';

const byteString = fc.string({
  unit: fc.integer({ min: 0, max: 255 }).map((code) => String.fromCharCode(code)),
});

describe('pairs', () => {
  it('survive a round trip', () => {
    fc.assert(fc.property(fc.array(fc.tuple(byteString, byteString)), (pairs) => {
      expect(decodePairs(encodePairs(pairs))).toEqual(pairs);
    })); // prettier-ignore
  });

  it('are refused when anything is cut off, added or without its NUL', () => {
    const good = encodePairs([['a', 'b'], ['c', '']]); // prettier-ignore
    for (let length = 0; length < good.length; length++)
      expect(decodePairs(good.subarray(0, length))).toBeNull();
    expect(decodePairs(Buffer.concat([good, Buffer.from([0])]))).toBeNull();
    const noNul = Buffer.from(good);
    noNul[noNul.length - 1] = 1;
    expect(decodePairs(noNul)).toBeNull();
    expect(decodePairs(Buffer.from([255, 255, 255, 255]))).toBeNull();
  });
});

describe('HeaderMap', () => {
  it('joins what Envoy joins and keeps the rest apart', () => {
    const map = new HeaderMap('request', { Authorization: ['a', 'b'], 'X-Api-Key': ['a', 'b'], Host: 'h' });
    expect(map.toJSON()).toEqual({ ':authority': 'h', authorization: 'a,b', 'x-api-key': ['a', 'b'] });
    expect(map.get('X-API-KEY')).toBe('a');
    expect(map.size).toBe(4);
    expect(map.byteSize).toBe(11 + 13 + 3 + 2 * 10);
  });

  it('takes text as bytes', () => {
    expect(toByteString('é')).toBe('é');
    expect(toByteString('€')).toBe('â\u0082¬');
    expect(toByteString(Uint8Array.of(0xff))).toBe('\u00ff');
  });
});

describe('bodies', () => {
  it('hold pieces in order', () => {
    fc.assert(fc.property(fc.array(fc.uint8Array()), (pieces) => {
      const body = new Body();
      for (const piece of pieces) body.append(piece);
      expect(body.length).toBe(Buffer.concat(pieces).length);
      expect(Buffer.from(body.take())).toEqual(Buffer.concat(pieces));
      expect(body.length).toBe(0);
    })); // prettier-ignore
  });

  it('are changed at their start and end only', () => {
    const body = new Body(Buffer.from('abc'));
    expect(bodyBuffer(body).write(1, 1, Buffer.from('x'))).toBe(2);
    bodyBuffer(body).write(0, 1, Buffer.from('X'));
    bodyBuffer(body).write(3, 0, Buffer.from('Y'));
    expect(Buffer.from(body.bytes).toString()).toBe('XbcY');
  });
});

describe('attributes', () => {
  it.each([
    ['text', Buffer.from('text')],
    [true, Buffer.from([1])],
    [-2, Buffer.from('feffffffffffffff', 'hex')],
    [7n, Buffer.from('0700000000000000', 'hex')],
    [0.5, Buffer.from('000000000000e03f', 'hex')],
    [['a'], Buffer.from(encodePairs([['a', '']]))],
    [{ a: 'b', c: undefined }, Buffer.from(encodePairs([['a', 'b']]))],
  ])('serialize %s', (value: AttributeValue, bytes: Buffer) => {
    expect(Buffer.from(serializeAttribute(value))).toEqual(bytes);
  });
});

describe('VirtualClock', () => {
  it('fires in the order of time, then of asking, and what is asked meanwhile', () => {
    const clock = new VirtualClock(1000);
    const fired: string[] = [];
    clock.after(5, () => fired.push(`b${clock.nowMs}`));
    clock.after(5, () => fired.push(`c${clock.nowMs}`));
    clock.after(3, () => { fired.push(`a${clock.nowMs}`); clock.after(1, () => fired.push(`d${clock.nowMs}`)); }); // prettier-ignore
    clock.after(4, () => fired.push('never'))();
    clock.advance(10);
    expect(fired).toEqual(['a1003', 'd1004', 'b1005', 'c1005']);
    expect(clock.nowMs).toBe(1010);
    expect(clock.monotonicNs).toBe(10_000_000n);
    expect(() => clock.advance(-1)).toThrow('cannot advance time by -1 ms');
  });
});
