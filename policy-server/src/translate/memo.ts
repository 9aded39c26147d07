/** Remembers what was made from the same objects, as long as the first of them lives. */
export class Memo<V> {
  readonly #made = new WeakMap<object, { readonly inputs: readonly unknown[]; readonly value: V }>();

  /** The value made before from exactly these inputs, or a new one. */
  get(inputs: readonly [object, ...unknown[]], make: () => V): V {
    const before = this.#made.get(inputs[0]);
    if (before !== undefined && sameItems(before.inputs, inputs)) return before.value;
    const value = make();
    this.#made.set(inputs[0], { inputs, value });
    return value;
  }
}

/** Whether two lists hold the very same items. */
export function sameItems(a: readonly unknown[], b: readonly unknown[]): boolean {
  if (a.length !== b.length) return false;
  for (let i = 0; i < a.length; i++) if (a[i] !== b[i]) return false;
  return true;
}
