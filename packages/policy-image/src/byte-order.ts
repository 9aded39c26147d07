const SURROGATE = /[\ud800-\udfff]/;

/** Order of the strings' UTF-8 bytes. JavaScript's own order differs where surrogate pairs come in. */
export function compareUtf8(a: string, b: string): number {
  if (a === b) return 0;
  if (SURROGATE.test(a) || SURROGATE.test(b))
    return Buffer.compare(Buffer.from(a, 'utf8'), Buffer.from(b, 'utf8'));
  return a < b ? -1 : 1;
}

/** Distinct strings in the order of their UTF-8 bytes. */
export function sortedDistinct(strings: Iterable<string>): string[] {
  return [...new Set(strings)].sort(compareUtf8);
}

/** Positions of the items in ascending order of their keys. Costs a single pass when they already are in order. */
export function orderByKey<T>(items: readonly T[], keyOf: (item: T) => string): readonly T[] {
  let previous = '';
  for (const [index, item] of items.entries()) {
    const key = keyOf(item);
    if (index > 0 && compareUtf8(previous, key) > 0) {
      return items.toSorted((a, b) => compareUtf8(keyOf(a), keyOf(b)));
    }
    previous = key;
  }
  return items;
}
