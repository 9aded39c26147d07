import type { Provider } from '@hiclaw/resources';
import type { Outbound } from '../outbound/outbound-call.js';
import type { ResourceSet } from '../store/resource-set.js';
import { type OpenCredential, suspension, translateCredential } from '../translate/credentials.js';
import { placementsTaken } from '../translate/preset-placement.js';
import { translateUpstream } from '../translate/upstreams.js';
import { certificateProblem } from '../xds/certificates.js';
import { probeProvider, type ProbeResult } from './probe.js';

const TIMEOUT_MS = 20_000;

function notServed(code: string, hint: string): ProbeResult {
  return { ok: false, latencyMs: 0, model: null, error: { code, hint } };
}

/**
 * Tests a stored provider with its stored credential, under the rules that the gateway has: nothing is sent to a host
 * that the credential is not for.
 */
export function testProvider(
  set: ResourceSet,
  provider: Provider,
  model: string | undefined,
  { call, openCredential }: { readonly call: Outbound; readonly openCredential: OpenCredential },
): Promise<ProbeResult> {
  const { spec, metadata } = provider;
  const stored = spec.credential === undefined ? undefined : set.credentials.get(spec.credential);
  const waiting = stored === undefined ? null : suspension(stored);
  if (waiting !== null) {
    const hint = `${waiting.message} GET /api/v1/credentials/${spec.credential ?? ''} says why in its condition Fresh.`;
    return Promise.resolve(notServed('credential-suspended', hint));
  }
  const located = translateUpstream(
    {
      key: `providers/${metadata.name}`,
      field: 'baseUrl',
      url: spec.baseUrl,
      credential: spec.credential,
      caCertificates: spec.caCertificates,
      addsUsage: false,
      placements: placementsTaken(spec),
    },
    stored === undefined ? undefined : translateCredential(stored, openCredential),
    certificateProblem,
  );
  if (located.refusal !== undefined) {
    return Promise.resolve(notServed('not-served', `${located.refusal.reason}: ${located.refusal.message}`));
  }
  const { credential } = located.accepted;
  return probeProvider({ call, spec, credential, model, timeoutMs: TIMEOUT_MS });
}
