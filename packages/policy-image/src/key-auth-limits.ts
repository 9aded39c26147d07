import { verify, type ImageReader } from './image-reader.js';
import * as L from './layout.js';
import { compareLimitSets, METERS, type LimitNumbers } from './limit-sets.js';
import type { KeyAuthLimit, KeyAuthPrice } from './policy.js';

const METER_OF = new Map(METERS.map((meter, number) => [number, meter]));

/** The sets of limits of an image; each is some consumer's. */
export function readLimitSets(reader: ImageReader): readonly (readonly KeyAuthLimit[])[] {
  const sets: KeyAuthLimit[][] = [];
  let before: readonly LimitNumbers[] | null = null;
  let next = 0;
  for (let index = 0; index < reader.count(L.KEY_AUTH_LIMIT_SETS); index++) {
    const at = reader.entry(L.KEY_AUTH_LIMIT_SETS, index);
    verify(reader.u32(at + L.LIMIT_SET_START) === next, () => `limit set ${index} does not start at ${next}`);
    const end = next + reader.u32(at + L.LIMIT_SET_COUNT);
    verify(end > next, () => `limit set ${index} is empty`);
    const numbers: LimitNumbers[] = [];
    for (; next < end; next++) numbers.push(readLimit(reader, next, numbers.at(-1)));
    verify(
      before === null || compareLimitSets(before, numbers) < 0,
      () => `limit set ${index} is not in order`,
    );
    before = numbers;
    sets.push(numbers.map(({ meter, cap }) => ({ meter: METER_OF.get(meter) ?? 'requests-minute', cap })));
  }
  verify(next === reader.count(L.KEY_AUTH_LIMITS), () => `${next} limits are in sets, others in none`);
  refuseUnusedSets(reader);
  return sets;
}

function readLimit(reader: ImageReader, index: number, before: LimitNumbers | undefined): LimitNumbers {
  const at = reader.entry(L.KEY_AUTH_LIMITS, index);
  const meter = reader.u32(at + L.LIMIT_METER);
  verify(METER_OF.has(meter), () => `limit ${index} is of unknown meter ${meter}`);
  verify(before === undefined || before.meter < meter, () => `limit ${index} is not in order`);
  verify(reader.u32(at + L.LIMIT_RESERVED) === 0, () => `limit ${index}: reserved field is not zero`);
  return { meter, cap: reader.u64(at + L.LIMIT_CAP) };
}

function refuseUnusedSets(reader: ImageReader): void {
  const used = new Uint8Array(reader.count(L.KEY_AUTH_LIMIT_SETS));
  for (let index = 0; index < reader.count(L.KEY_AUTH_CONSUMERS); index++) {
    used[reader.u32(reader.entry(L.KEY_AUTH_CONSUMERS, index) + L.CONSUMER_LIMITS)] = 1;
  }
  const unused = used.indexOf(0);
  verify(unused < 0, () => `limit set ${unused} has no consumer`);
}

/** All prices, in the order of the routes they belong to. */
export function readPrices(reader: ImageReader): readonly KeyAuthPrice[] {
  return Array.from({ length: reader.count(L.KEY_AUTH_PRICES) }, (_, index) => {
    const at = reader.entry(L.KEY_AUTH_PRICES, index);
    verify(reader.u32(at + L.PRICE_RESERVED) === 0, () => `price ${index}: reserved field is not zero`);
    return {
      target: reader.u32(at + L.PRICE_TARGET),
      model: reader.nextText(at + L.PRICE_MODEL),
      input: reader.u64(at + L.PRICE_INPUT),
      cachedInput: reader.u64(at + L.PRICE_CACHED_INPUT),
      cacheWrite: reader.u64(at + L.PRICE_CACHE_WRITE),
      output: reader.u64(at + L.PRICE_OUTPUT),
    };
  });
}
