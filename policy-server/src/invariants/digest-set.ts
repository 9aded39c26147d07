const WORDS = 4;

/** Remembers the first 16 bytes of digests, in typed arrays: policies hold a hundred thousand of them. */
export class DigestSet {
  readonly #words: Uint32Array;
  /** Number of the digest in each slot, from 1; 0: free. */
  readonly #slots: Uint32Array;
  #count = 0;

  /** @param capacity how many digests at most */
  constructor(capacity: number) {
    let slots = 16;
    while (slots < capacity * 2) slots *= 2;
    this.#slots = new Uint32Array(slots);
    this.#words = new Uint32Array((capacity + 1) * WORDS);
  }

  /** False when it is there already. Digests are random, so their first bytes are their hash. */
  add(digest: Uint8Array): boolean {
    const number = this.#count + 1;
    for (let word = 0; word < WORDS; word++) this.#words[number * WORDS + word] = wordAt(digest, word * 4);
    const mask = this.#slots.length - 1;
    let slot = (this.#words[number * WORDS] ?? 0) & mask;
    for (let other = this.#slots[slot] ?? 0; other !== 0; other = this.#slots[slot] ?? 0) {
      if (this.#equal(number, other)) return false;
      slot = (slot + 1) & mask;
    }
    this.#slots[slot] = number;
    this.#count = number;
    return true;
  }

  #equal(a: number, b: number): boolean {
    for (let word = 0; word < WORDS; word++) {
      if (this.#words[a * WORDS + word] !== this.#words[b * WORDS + word]) return false;
    }
    return true;
  }
}

function wordAt(bytes: Uint8Array, at: number): number {
  const high = ((bytes[at + 3] ?? 0) << 24) | ((bytes[at + 2] ?? 0) << 16);
  return high | ((bytes[at + 1] ?? 0) << 8) | (bytes[at] ?? 0);
}
