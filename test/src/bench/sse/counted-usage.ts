import type { AdminClient } from '../../network/admin-client.js';
import { until } from '../../network/until.js';

/** What the policy server has counted of all streams so far. */
interface Totals {
  readonly requests: number;
  readonly estimated: number;
  readonly output: number;
}

/**
 * Waits until the policy server has counted exactly this, all of it as the upstream said it: a gateway that reads no usage
 * is fast.
 *
 * @throws Error with what it has counted instead
 */
export async function assertCounted(admin: AdminClient, calls: number, outputTokens: number): Promise<void> {
  let seen: unknown;
  const counted = async (): Promise<boolean> => {
    const { body } = await admin.request('GET', '/usage?by=&route=streams');
    seen = body;
    const { totals } = body as { readonly totals: Totals };
    return totals.requests === calls && totals.estimated === 0 && totals.output === outputTokens;
  };
  await until(counted, { withinMs: 10_000, everyMs: 50, onTimeout: () => JSON.stringify(seen) });
}
