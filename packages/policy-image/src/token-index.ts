import { TOKEN_BUCKET_MAX_BITS, TOKEN_DIGEST_BYTES } from './layout.js';
import { PolicyImageError } from './policy-image-error.js';

const DIGEST_WORDS = TOKEN_DIGEST_BYTES / 4;
const INSERTION_SORT_LIMIT = 24;

/** Smallest b with 2^b >= count, at most 20. */
export function bucketBits(count: number): number {
  let bits = 0;
  while (bits < TOKEN_BUCKET_MAX_BITS && 2 ** bits < count) bits++;
  return bits;
}

/**
 * Tokens while they are collected, then sorted by digest. Digests are uniform, so that one counting pass on their
 * leading bits, which the image's bucket table needs anyway, leaves hardly anything to sort.
 */
export class TokenIndex {
  /** Digests as big-endian words, four a token. */
  readonly words: Uint32Array;
  readonly consumers: Uint32Array;
  readonly expiresAt: Uint32Array;
  readonly capacity: number;
  #count = 0;

  constructor(capacity: number) {
    this.capacity = capacity;
    this.words = new Uint32Array(capacity * DIGEST_WORDS);
    this.consumers = new Uint32Array(capacity);
    this.expiresAt = new Uint32Array(capacity);
  }

  add(digest: Uint8Array, consumer: number, expiresAt: number): void {
    const id = this.#count++;
    let at = 0;
    for (let word = 0; word < DIGEST_WORDS; word++, at += 4) {
      this.words[id * DIGEST_WORDS + word] =
        ((digest[at] ?? 0) << 24) |
        ((digest[at + 1] ?? 0) << 16) |
        ((digest[at + 2] ?? 0) << 8) |
        (digest[at + 3] ?? 0);
    }
    this.consumers[id] = consumer;
    this.expiresAt[id] = expiresAt;
  }

  /** Ids of the tokens in ascending order of their digests, and the bucket table. */
  sorted(): { readonly order: Uint32Array; readonly buckets: Uint32Array } {
    const count = this.#count;
    const bits = bucketBits(count);
    const buckets = new Uint32Array(2 ** bits + 1);
    for (let id = 0; id < count; id++) {
      const after = this.#bucketOf(id, bits) + 1;
      buckets[after] = (buckets[after] ?? 0) + 1;
    }
    for (let i = 1; i < buckets.length; i++) buckets[i] = (buckets[i] ?? 0) + (buckets[i - 1] ?? 0);

    const next = buckets.slice();
    const order = new Uint32Array(count);
    for (let id = 0; id < count; id++) {
      const bucket = this.#bucketOf(id, bits);
      const slot = next[bucket] ?? 0;
      next[bucket] = slot + 1;
      order[slot] = id;
    }
    for (let bucket = 0; bucket + 1 < buckets.length; bucket++) {
      this.#sortRange(order, buckets[bucket] ?? 0, buckets[bucket + 1] ?? 0);
    }
    this.#refuseDuplicates(order);
    return { order, buckets };
  }

  #bucketOf(id: number, bits: number): number {
    return bits === 0 ? 0 : (this.words[id * DIGEST_WORDS] ?? 0) >>> (32 - bits);
  }

  #compare(a: number, b: number): number {
    for (let word = 0; word < DIGEST_WORDS; word++) {
      const order = (this.words[a * DIGEST_WORDS + word] ?? 0) - (this.words[b * DIGEST_WORDS + word] ?? 0);
      if (order !== 0) return order;
    }
    return 0;
  }

  #sortRange(order: Uint32Array, from: number, to: number): void {
    if (to - from > INSERTION_SORT_LIMIT) {
      order.subarray(from, to).sort((a, b) => this.#compare(a, b));
      return;
    }
    for (let i = from + 1; i < to; i++) {
      const id = order[i] ?? 0;
      let hole = i;
      while (hole > from && this.#compare(order[hole - 1] ?? 0, id) > 0) {
        order[hole] = order[hole - 1] ?? 0;
        hole--;
      }
      order[hole] = id;
    }
  }

  #refuseDuplicates(order: Uint32Array): void {
    for (let i = 1; i < order.length; i++) {
      if (this.#compare(order[i - 1] ?? 0, order[i] ?? 0) === 0) {
        throw new PolicyImageError('two tokens have the same digest');
      }
    }
  }
}
