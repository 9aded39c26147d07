import {
  CHECKSUM_FACTOR_A,
  CHECKSUM_FACTOR_B,
  CHECKSUM_FROM,
  CHECKSUM_ROTATE,
  CHECKSUM_SEED_A,
  CHECKSUM_SEED_B,
  HEADER_CHECKSUM,
} from './layout.js';

/** The two lanes, each an unsigned 32-bit integer. */
export interface Checksum {
  readonly a: number;
  readonly b: number;
}

const LEFT = CHECKSUM_ROTATE;
const RIGHT = 32 - CHECKSUM_ROTATE;

function stepA(lane: number, word: number): number {
  const mixed = lane ^ word;
  return Math.imul((mixed << LEFT) | (mixed >>> RIGHT), CHECKSUM_FACTOR_A);
}

function stepB(lane: number, word: number): number {
  const mixed = lane ^ word;
  return Math.imul((mixed << LEFT) | (mixed >>> RIGHT), CHECKSUM_FACTOR_B);
}

/**
 * Checksum of an image, as layout.ts defines it: against damage, not against an attacker.
 *
 * @param image at least 32 bytes and a multiple of 8 long; the checksum field itself is not read.
 */
export function checksum(image: Uint8Array): Checksum {
  const view = new DataView(image.buffer, image.byteOffset, image.byteLength);
  let a = stepA(
    stepA(stepA(CHECKSUM_SEED_A, view.getUint32(0, true)), view.getUint32(8, true)),
    view.getUint32(16, true),
  );
  let b = stepB(stepB(CHECKSUM_SEED_B, view.getUint32(4, true)), view.getUint32(12, true));
  b = stepB(b, view.getUint32(CHECKSUM_FROM, true));
  const end = image.byteLength;
  for (let at = CHECKSUM_FROM + 4; at < end; at += 8) {
    a = stepA(a, view.getUint32(at, true));
    b = stepB(b, view.getUint32(at + 4, true));
  }
  return { a: a >>> 0, b: b >>> 0 };
}

/** Writes the checksum of everything else into the image. */
export function stampChecksum(image: Uint8Array): void {
  const { a, b } = checksum(image);
  const view = new DataView(image.buffer, image.byteOffset, image.byteLength);
  view.setUint32(HEADER_CHECKSUM, a, true);
  view.setUint32(HEADER_CHECKSUM + 4, b, true);
}

/** Whether the stored checksum is that of the content. */
export function checksumHolds(image: Uint8Array): boolean {
  const { a, b } = checksum(image);
  const view = new DataView(image.buffer, image.byteOffset, image.byteLength);
  return view.getUint32(HEADER_CHECKSUM, true) === a && view.getUint32(HEADER_CHECKSUM + 4, true) === b;
}
