// ChaCha20, RFC 8439 section 2.4.

const state: usize = memory.data(64, 16);
const stream: usize = memory.data(64, 16);

function quarterRound(a: usize, b: usize, c: usize, d: usize): void {
  let x = load<u32>(stream + a);
  let y = load<u32>(stream + b);
  let z = load<u32>(stream + c);
  let w = load<u32>(stream + d);
  x += y;
  w = rotl(w ^ x, 16);
  z += w;
  y = rotl(y ^ z, 12);
  x += y;
  w = rotl(w ^ x, 8);
  z += w;
  y = rotl(y ^ z, 7);
  store<u32>(stream + a, x);
  store<u32>(stream + b, y);
  store<u32>(stream + c, z);
  store<u32>(stream + d, w);
}

/** Sets key (32 bytes), nonce (12 bytes) and block counter. */
export function chachaStart(key: usize, nonce: usize, counter: u32): void {
  store<u32>(state, 0x61707865);
  store<u32>(state + 4, 0x3320646e);
  store<u32>(state + 8, 0x79622d32);
  store<u32>(state + 12, 0x6b206574);
  memory.copy(state + 16, key, 32);
  store<u32>(state + 48, counter);
  memory.copy(state + 52, nonce, 12);
}

/** Computes the next 64 bytes of the key stream, counts on, and returns their address. */
export function chachaBlock(): usize {
  memory.copy(stream, state, 64);
  for (let i = 0; i < 10; i++) {
    quarterRound(0, 16, 32, 48);
    quarterRound(4, 20, 36, 52);
    quarterRound(8, 24, 40, 56);
    quarterRound(12, 28, 44, 60);
    quarterRound(0, 20, 40, 60);
    quarterRound(4, 24, 44, 48);
    quarterRound(8, 28, 32, 52);
    quarterRound(12, 16, 36, 56);
  }
  for (let i: usize = 0; i < 64; i += 4) {
    store<u32>(stream + i, load<u32>(stream + i) + load<u32>(state + i));
  }
  store<u32>(state + 48, load<u32>(state + 48) + 1);
  return stream;
}

/** XORs the key stream from the next block on into `output`, which may be `input`. */
export function chachaApply(input: usize, length: usize, output: usize): void {
  while (length > 0) {
    const block = chachaBlock();
    const taken = min<usize>(length, 64);
    for (let i: usize = 0; i < taken; i++) {
      store<u8>(output + i, load<u8>(input + i) ^ load<u8>(block + i));
    }
    input += taken;
    output += taken;
    length -= taken;
  }
}

/** Leaves nothing of key and key stream behind. */
export function chachaForget(): void {
  memory.fill(state, 0, 64);
  memory.fill(stream, 0, 64);
}
