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
 * Frees what processes that are gone held and did not spend, as soon as their records are all read: what a process last
 * reported (settled, and reserved for calls that ran) and all that ended since. Calls that ended between are counted
 * twice rather than not at all; requests are never given back.
 */
export function settleDeadLeases(ledger: Ledger, boots: Boots, records: UsageRecords): void {
  const gone = new Map(boots.gone());
  if (gone.size === 0) return;
  for (const { key, lease } of [...ledger.all()]) {
    const death = gone.get(lease.boot);
    if (death === undefined || lease.allowance === lease.used || key.meter === 'requests-minute') continue;
    const drainedAtMs = records.drainedAt(lease.node);
    if (drainedAtMs === null || drainedAtMs < death.goneAtMs) continue;
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
