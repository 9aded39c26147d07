import type { Host, HttpCallout } from '@hiclaw/proxy-wasm-host';

/** What a plugin says of an account in `POST /leases`. */
export interface Claim {
  readonly consumer: string;
  readonly meter: number;
  readonly window: number;
  readonly generation: number;
  readonly allowance: number;
  readonly used: number;
  readonly need: number;
  readonly want: number;
}

/** Open calls to a path of the policy server. */
export function openCalls(host: Host, path: '/leases' | '/recalls'): HttpCallout[] {
  return host
    .pendingHttpCallouts()
    .filter((callout) => (callout.headers.get(':path') ?? '').startsWith(`${path}?`));
}

/** The open call for leases; there must be just one. */
export function openAsk(host: Host): HttpCallout {
  const [call, ...others] = openCalls(host, '/leases');
  if (call === undefined || others.length > 0)
    throw new Error(`${others.length + (call ? 1 : 0)} calls are open`);
  return call;
}

export function claimsOf(callout: HttpCallout): Claim[] {
  const text = Buffer.from(callout.body).toString();
  return text
    .split('\n')
    .filter((line) => line !== '')
    .map((line) => {
      const [consumer = '', ...words] = line.split(' ');
      const [meter = 0, window = 0, generation = 0, allowance = 0, used = 0, need = 0, want = 0] =
        words.map(Number);
      return { consumer, meter, window, generation, allowance, used, need, want };
    });
}

/** What the policy server says of a claim; absent: what grants just what is wanted, for a minute. */
export interface Verdict {
  readonly window?: number;
  readonly generation?: number;
  readonly allowance?: number;
  readonly available?: number;
  readonly cap?: number;
  readonly left?: number;
  readonly satisfied?: boolean;
}

/** Answers an open call for leases, line by line; null: that line is left out. */
export function grant(callout: HttpCallout, decide: (claim: Claim) => Verdict | null = () => ({})): void {
  const lines = claimsOf(callout).map((claim) => {
    const verdict = decide(claim);
    if (verdict === null) return '';
    const {
      window = 1_767_225_660,
      generation = claim.generation,
      allowance = claim.used + claim.want,
      available = 0,
      cap = 1000,
      left = 60_000,
      satisfied = true,
    } = verdict;
    const account = `${claim.consumer} ${claim.meter} ${window} ${generation}`;
    return `${account} ${allowance} ${available} ${cap} ${left} ${satisfied ? 1 : 0}\n`;
  });
  callout.respond({ body: lines.join('') });
}
