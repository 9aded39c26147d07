import type { UsageConsumption } from '../usage/consumption.js';
import type { Boots } from './boots.js';
import type { AccountKey, Lease, Ledger } from './ledger.js';

/** Where it is recorded what calls used. */
export type UsageRecords = Pick<UsageConsumption, 'recordsOf' | 'drainedAt'>;

/** Calls that began longer before a report than this are not looked for among those that ended after it. */
const LONGEST_CALL_MS = 86_400_000;
/** Clocks of one machine, and the moment between a call's end and its record. */
const SLACK_MS = 2000;

/**
 * Frees what processes that are gone held of an account and did not spend, as soon as their records are all read: what a process last
 * reported (settled, and reserved for calls that ran) and all that ended since. Calls that ended between are counted
 * twice rather than not at all; requests are never given back.
 */
export function settleDeadLeases(
  ledger: Ledger,
  boots: Boots,
  records: UsageRecords,
  key: AccountKey,
  windowEndMs: number,
): void {
  if (key.meter === 'requests-minute') return;
  for (const lease of ledger.leases(key, windowEndMs)) {
    const goneAtMs = boots.goneAt(lease.boot);
    if (goneAtMs === null || lease.allowance === lease.used) continue;
    const drainedAtMs = records.drainedAt(lease.node);
    if (drainedAtMs === null || drainedAtMs < goneAtMs) continue;
    const since = spentSince(key, lease, records);
    if (since !== null) ledger.settle(key, lease.boot, lease.used + since);
  }
}

/** In the meter's unit; null: a call's price is not known. */
function spentSince({ consumer, meter }: AccountKey, lease: Lease, records: UsageRecords): bigint | null {
  const sinceMs = lease.reportedAtMs - SLACK_MS;
  const fromMs = Math.max(0, sinceMs - LONGEST_CALL_MS);
  let spent = 0n;
  for (const call of records.recordsOf({ node: lease.node, consumer, fromMs, endedFromMs: sinceMs })) {
    if (call.endMs < sinceMs) continue;
    const cost = meter.startsWith('usd-') ? call.picoUsd : BigInt(call.tokens);
    if (cost === null) return null;
    spent += cost;
  }
  return spent;
}
