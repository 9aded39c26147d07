// Arithmetic that stops at the largest number instead of beginning anew at 0: a limit must not be passed by overflow.

/** What the policy server can count to. */
export const LARGEST: u64 = 0x7fffffffffffffff;

export function addSaturating(a: u64, b: u64): u64 {
  return a > LARGEST - min(b, LARGEST) ? LARGEST : a + b;
}

export function multiplySaturating(a: u64, b: u64): u64 {
  return b != 0 && a > LARGEST / b ? LARGEST : a * b;
}

/** a - b, at least 0. */
export function lessBy(a: u64, b: u64): u64 {
  return a > b ? a - b : 0;
}
