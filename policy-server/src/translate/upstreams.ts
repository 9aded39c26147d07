import { hostListAdmits, parseUpstreamUrl, type PresetPlacement } from '@hiclaw/resources';
import { forbiddenAddress } from './addresses.js';
import type { Refusal } from './conditions.js';
import type { TranslatedCredential } from './credentials.js';
import { placementProblem } from './preset-placement.js';
import type { BoundCredential, Upstream } from './state.js';

/** What a Provider, McpServer or ServiceRoute says of where it is. */
export interface UpstreamSource {
  readonly key: string;
  /** Field of the URL, for messages. */
  readonly field: string;
  readonly url: string;
  readonly caCertificates: string | undefined;
  /** Name of its credential. */
  readonly credential: string | undefined;
  /** Whether streams that do not ask for usage are made to. */
  readonly addsUsage: boolean;
  /** Where it looks for a key; null: not known. */
  readonly placements: readonly PresetPlacement[] | null;
}

/** What is wrong with PEM certificates, or null. */
export type CertificateProblem = (pem: string) => string | null;

export interface AcceptedUpstream {
  readonly upstream: Upstream;
  /** Path of its base URL, without trailing slash. */
  readonly path: string;
  readonly credential: BoundCredential | null;
  readonly addsUsage: boolean;
  /** Where it looks for a key; null: not known. */
  readonly placements: readonly PresetPlacement[] | null;
}

export type TranslatedUpstream =
  | { readonly accepted: AcceptedUpstream; readonly refusal?: never }
  | { readonly accepted?: never; readonly refusal: Refusal };

const IPV4 = /^\d+\.\d+\.\d+\.\d+$/;

/** @param credential of that name, or undefined */
export function translateUpstream(
  source: UpstreamSource,
  credential: TranslatedCredential | undefined,
  certificateProblem: CertificateProblem,
): TranslatedUpstream {
  const parsed = parseUpstreamUrl(source.url);
  if (parsed.problem !== undefined) {
    return refuse('UrlInvalid', `spec.${source.field} ${parsed.problem}.`);
  }
  const { scheme, host, port, path } = parsed.value;
  const hostKind = host.startsWith('[') ? 'ipv6' : IPV4.test(host) ? 'ipv4' : 'name';
  const forbidden = forbiddenAddress(host, hostKind);
  if (forbidden !== null) {
    return refuse('AddressForbidden', `spec.${source.field}: ${host} is ${forbidden}.`);
  }
  const caCertificates = source.caCertificates ?? null;
  const problem = caCertificates === null ? null : certificateProblem(caCertificates);
  if (problem !== null) return refuse('CertificatesInvalid', `spec.caCertificates ${problem}.`);

  const upstream: Upstream = {
    key: source.key,
    secure: scheme === 'https',
    host,
    port,
    hostKind,
    caCertificates,
  };
  const { addsUsage, placements } = source;
  if (source.credential === undefined) {
    return { accepted: { upstream, path, credential: null, addsUsage, placements } };
  }
  const usable = usableAt({ upstream, placements }, source.credential, credential);
  if (usable.refusal !== undefined) return usable;
  return { accepted: { upstream, path, credential: usable.bound, addsUsage, placements } };
}

/** A credential, if it may be sent to this upstream. */
export function usableAt(
  { upstream: { host, port, key }, placements }: Pick<AcceptedUpstream, 'upstream' | 'placements'>,
  name: string,
  credential: TranslatedCredential | undefined,
): TranslatedCredential {
  if (credential === undefined) {
    return refuse(
      'CredentialNotFound',
      `Credential "${name}" does not exist; create it or name another one.`,
    );
  }
  if (credential.refusal !== undefined) return credential;
  if (!hostListAdmits(credential.bound.suspendedFrom ?? credential.bound.hosts, host, port)) {
    const message = `Credential "${name}" may not be sent to ${host}:${port} (${key}); add it to the credential's hosts if it should.`;
    return refuse('CredentialHostMismatch', message);
  }
  const misplaced = placementProblem(name, credential.bound, placements);
  if (misplaced !== null) return refuse('CredentialPlacementMismatch', misplaced);
  return credential;
}

/** As a client at that URL would send it. */
export function hostHeader({ host, port, secure }: Upstream): string {
  return port === (secure ? 443 : 80) ? host : `${host}:${port}`;
}

function refuse(reason: string, message: string): { readonly refusal: Refusal } {
  return { refusal: { reason, message } };
}
