/** Sizes of buckets that are stored. */
export const GRANULARITIES = ['minute', 'hour', 'day'] as const;
export type Granularity = (typeof GRANULARITIES)[number];

export const DAY_MS = 86_400_000;

/** Length of a bucket, milliseconds. */
export const BUCKET_MS: Readonly<Record<Granularity, number>> = {
  minute: 60_000,
  hour: 3_600_000,
  day: DAY_MS,
};

/** Table of each granularity. */
export const TABLES: Readonly<Record<Granularity, 'minutes' | 'hours' | 'days'>> = {
  minute: 'minutes',
  hour: 'hours',
  day: 'days',
};

/** Start of the bucket that a moment is in; both in milliseconds since the Unix epoch. Buckets are those of UTC. */
export function bucketStart(granularity: Granularity, atMs: number): number {
  return atMs - (atMs % BUCKET_MS[granularity]);
}

/** Start of the UTC month that a moment is in. */
export function monthStart(atMs: number): number {
  const at = new Date(atMs);
  return Date.UTC(at.getUTCFullYear(), at.getUTCMonth(), 1);
}

/** Start of the UTC month after the one that a moment is in. */
export function nextMonthStart(atMs: number): number {
  const at = new Date(atMs);
  return Date.UTC(at.getUTCFullYear(), at.getUTCMonth() + 1, 1);
}
