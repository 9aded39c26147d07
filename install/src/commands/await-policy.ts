import { setTimeout as delay } from 'node:timers/promises';
import { askGateways } from '../gateway-replicas.js';
import { apiUrl } from '../installation-plan.js';
import { paint } from '../progress.js';
import type { RunSettings } from '../settings.js';
import type { CommandContext } from './context.js';

const POLL_MS = 50;
const TIMEOUT_MS = 15_000;

/**
 * Waits until every gateway is connected to the policy server and has confirmed a policy: only then does a revocation
 * wait for it. One that does not get there is told about, and is no failure: it serves its last policy.
 */
export async function awaitPolicy(context: CommandContext, settings: RunSettings): Promise<void> {
  const { paths, terminal } = context;
  const deadline = performance.now() + TIMEOUT_MS;
  const url = apiUrl(settings);
  terminal.working('… waiting until the gateways confirm their policy');
  for (;;) {
    const { replicas, problem } = await askGateways(url, paths);
    const confirmed = replicas.filter((each) => each.connected && each.appliedPolicyVersion !== null);
    if (confirmed.length >= settings.replicas) {
      const versions = confirmed.map((each) => each.appliedPolicyVersion ?? 0);
      terminal.line(
        `✓ policy version ${Math.min(...versions)} is in force in ${confirmed.length === 1 ? 'the gateway' : `all ${confirmed.length} gateways`}`,
      );
      return;
    }
    if (performance.now() > deadline) {
      const why = problem ?? replicas.map((each) => each.lastError?.message).find(Boolean);
      terminal.line(
        paint(
          terminal,
          'yellow',
          `! ${confirmed.length} of ${settings.replicas} gateways have confirmed a policy${why === undefined ? '' : ` (${why})`}; see "make status"`,
        ),
      );
      return;
    }
    await delay(POLL_MS);
  }
}
