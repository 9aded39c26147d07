import { describe, expect, it } from 'vitest';
import { checksum, checksumHolds, stampChecksum } from './checksum.js';

function patterned(bytes: number): Uint8Array {
  return Uint8Array.from({ length: bytes }, (_, i) => (i * 37 + 11) & 0xff);
}

describe('image checksum', () => {
  it('has these values, which the AssemblyScript readers must also get', () => {
    expect(checksum(new Uint8Array(128))).toMatchInlineSnapshot(`
      {
        "a": 2062350906,
        "b": 3939122664,
      }
    `);
    expect(checksum(patterned(128))).toMatchInlineSnapshot(`
      {
        "a": 1065457975,
        "b": 1776317986,
      }
    `);
    expect(checksum(patterned(4096))).toMatchInlineSnapshot(`
      {
        "a": 104857956,
        "b": 3207825388,
      }
    `);
  });

  it('does not read its own field', () => {
    const image = patterned(256);
    const before = checksum(image);
    image.fill(0xff, 20, 28);
    expect(checksum(image)).toEqual(before);
  });

  it('finds every single flipped bit, in the header and in the checksum too', () => {
    const image = patterned(256);
    stampChecksum(image);
    expect(checksumHolds(image)).toBe(true);
    for (let bit = 0; bit < image.length * 8; bit++) {
      const at = bit >> 3;
      image[at] = (image[at] ?? 0) ^ (1 << (bit & 7));
      expect(checksumHolds(image), `bit ${bit}`).toBe(false);
      image[at] = (image[at] ?? 0) ^ (1 << (bit & 7));
    }
  });

  it('finds words that were swapped, within a lane and across', () => {
    const image = patterned(256);
    stampChecksum(image);
    for (const distance of [4, 8, 16]) {
      const damaged = Uint8Array.from(image);
      damaged.copyWithin(64, 64 + distance, 68 + distance);
      damaged.set(image.subarray(64, 68), 64 + distance);
      expect(checksumHolds(damaged), `${distance} bytes apart`).toBe(false);
    }
  });

  it('works on an image that starts at an odd address', () => {
    const holder = new Uint8Array(257);
    holder.set(patterned(256), 1);
    expect(checksum(holder.subarray(1))).toEqual(checksum(patterned(256)));
  });
});
