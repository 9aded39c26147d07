// SHA-256 of at most 55 bytes: one block. Consumer tokens have 53, the sealing key 32.
// FIPS 180-4. The rounds are unrolled by eight so that no working variable has to move.

const LONGEST: usize = 55;

// prettier-ignore
const K: usize = memory.data<u32>([
  0x428a2f98, 0x71374491, 0xb5c0fbcf, 0xe9b5dba5, 0x3956c25b, 0x59f111f1, 0x923f82a4, 0xab1c5ed5,
  0xd807aa98, 0x12835b01, 0x243185be, 0x550c7dc3, 0x72be5d74, 0x80deb1fe, 0x9bdc06a7, 0xc19bf174,
  0xe49b69c1, 0xefbe4786, 0x0fc19dc6, 0x240ca1cc, 0x2de92c6f, 0x4a7484aa, 0x5cb0a9dc, 0x76f988da,
  0x983e5152, 0xa831c66d, 0xb00327c8, 0xbf597fc7, 0xc6e00bf3, 0xd5a79147, 0x06ca6351, 0x14292967,
  0x27b70a85, 0x2e1b2138, 0x4d2c6dfc, 0x53380d13, 0x650a7354, 0x766a0abb, 0x81c2c92e, 0x92722c85,
  0xa2bfe8a1, 0xa81a664b, 0xc24b8b70, 0xc76c51a3, 0xd192e819, 0xd6990624, 0xf40e3585, 0x106aa070,
  0x19a4c116, 0x1e376c08, 0x2748774c, 0x34b0bcb5, 0x391c0cb3, 0x4ed8aa4a, 0x5b9cca4f, 0x682e6ff3,
  0x748f82ee, 0x78a5636f, 0x84c87814, 0x8cc70208, 0x90befffa, 0xa4506ceb, 0xbef9a3f7, 0xc67178f2,
]);

const schedule: usize = memory.data(256, 16);
const block: usize = memory.data(64, 16);

/** What a round adds to `h`: the sum of the round's constants, choice and rotations. */
function mix(e: u32, f: u32, g: u32, h: u32, at: usize): u32 {
  return (
    h +
    (rotr(e, 6) ^ rotr(e, 11) ^ rotr(e, 25)) +
    (g ^ (e & (f ^ g))) +
    load<u32>(K + at) +
    load<u32>(schedule + at)
  );
}

function majority(a: u32, b: u32, c: u32): u32 {
  return (rotr(a, 2) ^ rotr(a, 13) ^ rotr(a, 22)) + ((a & b) | (c & (a | b)));
}

function expand(): void {
  for (let i: usize = 0; i < 64; i += 4) store<u32>(schedule + i, bswap(load<u32>(block + i)));
  for (let i: usize = schedule + 64, end = schedule + 256; i < end; i += 4) {
    const x = load<u32>(i - 60);
    const y = load<u32>(i - 8);
    store<u32>(
      i,
      load<u32>(i - 64) +
        (rotr(x, 7) ^ rotr(x, 18) ^ (x >> 3)) +
        load<u32>(i - 28) +
        (rotr(y, 17) ^ rotr(y, 19) ^ (y >> 10)),
    );
  }
}

/** Writes the 32 byte digest of `length` (at most 55) bytes; false, and nothing written, when there are more. */
export function sha256(data: usize, length: usize, digest: usize): bool {
  if (length > LONGEST) return false;
  memory.fill(block, 0, 64);
  memory.copy(block, data, length);
  store<u8>(block + length, 0x80);
  store<u32>(block + 60, bswap(<u32>(length << 3)));
  expand();
  let a: u32 = 0x6a09e667;
  let b: u32 = 0xbb67ae85;
  let c: u32 = 0x3c6ef372;
  let d: u32 = 0xa54ff53a;
  let e: u32 = 0x510e527f;
  let f: u32 = 0x9b05688c;
  let g: u32 = 0x1f83d9ab;
  let h: u32 = 0x5be0cd19;
  for (let i: usize = 0; i < 256; i += 32) {
    h = mix(e, f, g, h, i);
    d += h;
    h += majority(a, b, c);
    g = mix(d, e, f, g, i + 4);
    c += g;
    g += majority(h, a, b);
    f = mix(c, d, e, f, i + 8);
    b += f;
    f += majority(g, h, a);
    e = mix(b, c, d, e, i + 12);
    a += e;
    e += majority(f, g, h);
    d = mix(a, b, c, d, i + 16);
    h += d;
    d += majority(e, f, g);
    c = mix(h, a, b, c, i + 20);
    g += c;
    c += majority(d, e, f);
    b = mix(g, h, a, b, i + 24);
    f += b;
    b += majority(c, d, e);
    a = mix(f, g, h, a, i + 28);
    e += a;
    a += majority(b, c, d);
  }
  store<u32>(digest, bswap(a + 0x6a09e667));
  store<u32>(digest + 4, bswap(b + 0xbb67ae85));
  store<u32>(digest + 8, bswap(c + 0x3c6ef372));
  store<u32>(digest + 12, bswap(d + 0xa54ff53a));
  store<u32>(digest + 16, bswap(e + 0x510e527f));
  store<u32>(digest + 20, bswap(f + 0x9b05688c));
  store<u32>(digest + 24, bswap(g + 0x1f83d9ab));
  store<u32>(digest + 28, bswap(h + 0x5be0cd19));
  return true;
}
