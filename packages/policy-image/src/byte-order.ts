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

/** The items in ascending order of their keys. Costs a single pass when they already are in order. */
export function orderByKey<T>(items: readonly T[], keyOf: (item: T) => string): readonly T[] {
  const compare = items.some((item) => SURROGATE.test(keyOf(item))) ? compareUtf8 : compareUnits;
  let previous = '';
  for (const item of items) {
    const key = keyOf(item);
    if (compare(previous, key) > 0) return items.toSorted((a, b) => compare(keyOf(a), keyOf(b)));
    previous = key;
  }
  return items;
}

/** Equals `compareUtf8` for strings without surrogates, and is much faster. */
function compareUnits(a: string, b: string): number {
  if (a === b) return 0;
  return a < b ? -1 : 1;
}
