// What both images have in common: magic, format, size, checksum, and sections that lie within the image.
// Each reader verifies every index and offset once, when the image is loaded; per-request code needs no checks.

import {
  CHECKSUM_FACTOR_A,
  CHECKSUM_FACTOR_B,
  CHECKSUM_FROM,
  CHECKSUM_ROTATE,
  CHECKSUM_SEED_A,
  CHECKSUM_SEED_B,
  HEADER_CHECKSUM,
  HEADER_FORMAT,
  HEADER_MAGIC,
  HEADER_POLICY_VERSION,
  HEADER_SIZE,
} from '../../../packages/policy-image/src/layout';

function stepA(lane: u32, word: u32): u32 {
  return rotl(lane ^ word, CHECKSUM_ROTATE) * <u32>CHECKSUM_FACTOR_A;
}

function stepB(lane: u32, word: u32): u32 {
  return rotl(lane ^ word, CHECKSUM_ROTATE) * <u32>CHECKSUM_FACTOR_B;
}

/** Whether the stored checksum is that of the content. `size` is at least 32 and a multiple of 8. */
export function checksumHolds(image: usize, size: usize): bool {
  let a: u32 = stepA(
    stepA(stepA(CHECKSUM_SEED_A, load<u32>(image)), load<u32>(image + 8)),
    load<u32>(image + 16),
  );
  let b: u32 = stepB(stepB(CHECKSUM_SEED_B, load<u32>(image + 4)), load<u32>(image + 12));
  b = stepB(b, load<u32>(image + CHECKSUM_FROM));
  const end = image + size;
  for (let at = image + CHECKSUM_FROM + 4; at < end; at += 8) {
    a = stepA(a, load<u32>(at));
    b = stepB(b, load<u32>(at + 4));
  }
  return load<u32>(image + HEADER_CHECKSUM) == a && load<u32>(image + HEADER_CHECKSUM + 4) == b;
}

/** Whether this is an undamaged image of the given kind, complete to its last byte. */
export function frameHolds(image: usize, size: usize, magic: u32, format: u32, headerBytes: usize): bool {
  return (
    size >= headerBytes &&
    (size & 7) == 0 &&
    load<u32>(image + HEADER_MAGIC) == magic &&
    load<u32>(image + HEADER_FORMAT) == format &&
    load<u32>(image + HEADER_SIZE) == <u32>size &&
    checksumHolds(image, size)
  );
}

/** Policy version at which the image's content last changed. */
export function policyVersion(image: usize): u64 {
  return load<u64>(image + HEADER_POLICY_VERSION);
}

/** Address of the first entry of the section whose offset stands at `header`. */
export function sectionStart(image: usize, header: usize): usize {
  return image + load<u32>(image + header);
}

/** Number of entries of the section whose offset stands at `header`. */
export function sectionCount(image: usize, header: usize): u32 {
  return load<u32>(image + header + 4);
}

/** Whether a section is aligned and lies between header and end. */
export function sectionHolds(
  image: usize,
  size: usize,
  headerBytes: usize,
  header: usize,
  entryBytes: u32,
): bool {
  const offset = load<u32>(image + header);
  const end = <u64>offset + <u64>sectionCount(image, header) * entryBytes;
  return (offset & 7) == 0 && offset >= <u32>headerBytes && end <= <u64>size;
}

/** Whether `count` entries from `start` lie within a table of `available`. */
export function rangeHolds(start: u32, count: u32, available: u32): bool {
  return <u64>start + <u64>count <= <u64>available;
}

/** Whether the string whose offset and length stand at `field` lies within STRINGS. */
export function stringHolds(field: usize, stringBytes: u32): bool {
  return rangeHolds(load<u32>(field), load<u32>(field + 4), stringBytes);
}
