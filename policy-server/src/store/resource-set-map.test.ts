import fc from 'fast-check';
import { expect, it } from 'vitest';
import { changedKeys, ShardedMap } from './resource-set-map.js';

const sorted = (map: ReadonlyMap<string, number>): unknown => [...map].sort(([a], [b]) => (a < b ? -1 : 1));

/** Many keys, so that some share a shard. */
const keys = fc.nat(999).map((number) => `key-${number}`);
const step = fc.record({
  /** Which of the maps made so far is written to. */
  on: fc.nat(),
  copy: fc.boolean(),
  key: keys,
  value: fc.option(fc.nat(), { nil: undefined }),
});

it('behaves as a Map, and copies do not see what is written to each other', () => {
  fc.assert(
    fc.property(fc.array(step, { maxLength: 200 }), (steps) => {
      const pairs = [{ made: new ShardedMap<number>(), model: new Map<string, number>() }];
      for (const { on, copy, key, value } of steps) {
        let pair = pairs[on % pairs.length]!;
        if (copy) {
          pair = { made: new ShardedMap(pair.made), model: new Map(pair.model) };
          pairs.push(pair);
        }
        if (value === undefined) {
          pair.made.delete(key);
          pair.model.delete(key);
        } else {
          pair.made.set(key, value);
          pair.model.set(key, value);
        }
      }
      for (const { made, model } of pairs) {
        const first = pairs[0]!;
        expect(changedKeys(first.made, made).sort()).toEqual(changedKeys(first.model, model).sort());
        expect(made.size).toBe(model.size);
        expect(sorted(made)).toEqual(sorted(model));
        const seen: [string, number][] = [];
        made.forEach((value, key) => seen.push([key, value]));
        expect(seen).toEqual([...made]);
        expect([...made.keys()].map((key) => made.get(key))).toEqual([...made.values()]);
        for (const key of ['key-0', 'key-1', 'other']) {
          expect(made.has(key)).toBe(model.has(key));
          expect(made.get(key)).toBe(model.get(key));
        }
      }
    }),
  );
});
