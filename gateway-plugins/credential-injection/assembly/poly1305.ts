// Poly1305, RFC 8439 section 2.5: five limbs of 26 bits, so that products and their sums stay within 64 bits.

const MASK: u32 = 0x3ffffff;
const HIBIT: u32 = 1 << 24;

let r0: u32 = 0;
let r1: u32 = 0;
let r2: u32 = 0;
let r3: u32 = 0;
let r4: u32 = 0;
let h0: u32 = 0;
let h1: u32 = 0;
let h2: u32 = 0;
let h3: u32 = 0;
let h4: u32 = 0;
const pad: usize = memory.data(16, 8);
const last: usize = memory.data(16, 8);

/** Starts with a one-time key of 32 bytes. */
export function polyStart(key: usize): void {
  r0 = load<u32>(key) & 0x3ffffff;
  r1 = (load<u32>(key + 3) >> 2) & 0x3ffff03;
  r2 = (load<u32>(key + 6) >> 4) & 0x3ffc0ff;
  r3 = (load<u32>(key + 9) >> 6) & 0x3f03fff;
  r4 = (load<u32>(key + 12) >> 8) & 0x00fffff;
  h0 = 0;
  h1 = 0;
  h2 = 0;
  h3 = 0;
  h4 = 0;
  memory.copy(pad, key + 16, 16);
}

function addBlock(at: usize): void {
  const a0 = <u64>(h0 + (load<u32>(at) & MASK));
  const a1 = <u64>(h1 + ((load<u32>(at + 3) >> 2) & MASK));
  const a2 = <u64>(h2 + ((load<u32>(at + 6) >> 4) & MASK));
  const a3 = <u64>(h3 + ((load<u32>(at + 9) >> 6) & MASK));
  const a4 = <u64>(h4 + ((load<u32>(at + 12) >> 8) | HIBIT));
  const s1 = <u64>r1 * 5;
  const s2 = <u64>r2 * 5;
  const s3 = <u64>r3 * 5;
  const s4 = <u64>r4 * 5;
  const d0 = a0 * r0 + a1 * s4 + a2 * s3 + a3 * s2 + a4 * s1;
  let d1 = a0 * r1 + a1 * r0 + a2 * s4 + a3 * s3 + a4 * s2;
  let d2 = a0 * r2 + a1 * r1 + a2 * r0 + a3 * s4 + a4 * s3;
  let d3 = a0 * r3 + a1 * r2 + a2 * r1 + a3 * r0 + a4 * s4;
  let d4 = a0 * r4 + a1 * r3 + a2 * r2 + a3 * r1 + a4 * r0;
  d1 += d0 >> 26;
  d2 += d1 >> 26;
  d3 += d2 >> 26;
  d4 += d3 >> 26;
  const low = (d0 & MASK) + (d4 >> 26) * 5;
  h0 = (<u32>low) & MASK;
  h1 = ((<u32>d1) & MASK) + <u32>(low >> 26);
  h2 = (<u32>d2) & MASK;
  h3 = (<u32>d3) & MASK;
  h4 = (<u32>d4) & MASK;
}

/** Takes data and pads it with zeros to a multiple of 16 bytes, as the AEAD construction wants it. */
export function polyPadded(data: usize, length: usize): void {
  while (length >= 16) {
    addBlock(data);
    data += 16;
    length -= 16;
  }
  if (length == 0) return;
  memory.fill(last, 0, 16);
  memory.copy(last, data, length);
  addBlock(last);
}

/** Takes the block of both lengths which ends the AEAD construction. */
export function polyLengths(first: u64, second: u64): void {
  store<u64>(last, first);
  store<u64>(last + 8, second);
  addBlock(last);
}

/** Writes the 16 byte tag and forgets the key. */
export function polyFinish(tag: usize): void {
  let carry = h1 >> 26;
  h1 &= MASK;
  h2 += carry;
  carry = h2 >> 26;
  h2 &= MASK;
  h3 += carry;
  carry = h3 >> 26;
  h3 &= MASK;
  h4 += carry;
  carry = h4 >> 26;
  h4 &= MASK;
  h0 += carry * 5;
  carry = h0 >> 26;
  h0 &= MASK;
  h1 += carry;

  // h - p, which is taken when it is not negative; chosen by a mask so that time tells nothing.
  let g0 = h0 + 5;
  carry = g0 >> 26;
  g0 &= MASK;
  let g1 = h1 + carry;
  carry = g1 >> 26;
  g1 &= MASK;
  let g2 = h2 + carry;
  carry = g2 >> 26;
  g2 &= MASK;
  let g3 = h3 + carry;
  carry = g3 >> 26;
  g3 &= MASK;
  const g4 = h4 + carry - (1 << 26);
  const keep: u32 = (g4 >> 31) - 1;
  h0 = (h0 & ~keep) | (g0 & keep);
  h1 = (h1 & ~keep) | (g1 & keep);
  h2 = (h2 & ~keep) | (g2 & keep);
  h3 = (h3 & ~keep) | (g3 & keep);
  h4 = (h4 & ~keep) | (g4 & keep);

  let sum: u64 = <u64>(h0 | (h1 << 26)) + load<u32>(pad);
  store<u32>(tag, <u32>sum);
  sum = <u64>((h1 >> 6) | (h2 << 20)) + load<u32>(pad + 4) + (sum >> 32);
  store<u32>(tag + 4, <u32>sum);
  sum = <u64>((h2 >> 12) | (h3 << 14)) + load<u32>(pad + 8) + (sum >> 32);
  store<u32>(tag + 8, <u32>sum);
  sum = <u64>((h3 >> 18) | (h4 << 8)) + load<u32>(pad + 12) + (sum >> 32);
  store<u32>(tag + 12, <u32>sum);

  r0 = r1 = r2 = r3 = r4 = h0 = h1 = h2 = h3 = h4 = 0;
  memory.fill(pad, 0, 16);
  memory.fill(last, 0, 16);
}
