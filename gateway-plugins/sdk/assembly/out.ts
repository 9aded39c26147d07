// Where the host writes what a hostcall returns. One place for all wrappers: each clears it, calls and reads it before
// anything else can call, and the host writes it last, after any callback it may have made on the way.
const OUT: usize = memory.data(24, 8);

/** Address of the first output word. */
export const OUT_FIRST: usize = OUT;
/** Address of the second output word. */
export const OUT_SECOND: usize = OUT + 4;
/** Address of the third output word. */
export const OUT_THIRD: usize = OUT + 8;

/** Zeroes the output words: a host may leave them untouched when a value is empty. */
export function clearOut(): void {
  store<u64>(OUT, 0);
  store<u64>(OUT, 0, 8);
}

/** The first output word. */
export function outFirst(): u32 {
  return load<u32>(OUT);
}

/** The second output word. */
export function outSecond(): u32 {
  return load<u32>(OUT, 4);
}

/** The third output word. */
export function outThird(): u32 {
  return load<u32>(OUT, 8);
}

/** The first two words as one 64 bit number. */
export function outLong(): u64 {
  return load<u64>(OUT);
}
