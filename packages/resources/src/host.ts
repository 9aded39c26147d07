/** A host as it is compared everywhere: lower case, IPv6 in brackets and shortened, no trailing dot. */
export interface HostPort {
  readonly host: string;
  /** Null when the text names none. */
  readonly port: number | null;
}

/** The value, or what is wrong with it. */
export type Parsed<T> =
  { readonly value: T; readonly problem?: never } | { readonly value?: never; readonly problem: string };

const LABEL = /^[a-z0-9_]([-a-z0-9_]{0,61}[a-z0-9_])?$/;
const IPV4 = /^(25[0-5]|2[0-4]\d|1\d\d|[1-9]?\d)(\.(25[0-5]|2[0-4]\d|1\d\d|[1-9]?\d)){3}$/;
const MAX_HOST_LENGTH = 253;

function parseIpv6(text: string): Parsed<string> {
  if (text.includes('%')) return { problem: 'an IPv6 address must not name a zone' };
  if (!/^\[[0-9a-fA-F:.]{2,45}\]$/.test(text) || !URL.canParse(`http://${text}/`)) {
    return { problem: 'is not an IPv6 address in brackets' };
  }
  return { value: new URL(`http://${text}/`).hostname };
}

function parseHost(text: string): Parsed<string> {
  if (text.startsWith('[')) return parseIpv6(text);
  if (text === '') return { problem: 'must name a host' };
  if (text.includes('*')) return { problem: 'must not hold a wildcard; list each host' };
  for (let i = 0; i < text.length; i++) {
    if (text.charCodeAt(i) > 0x7e) return { problem: 'must be ASCII; write international names as xn--…' };
  }
  const host = text.toLowerCase();
  if (host.endsWith('.')) return { problem: 'must not end with a dot' };
  if (host.length > MAX_HOST_LENGTH) return { problem: `must have at most ${MAX_HOST_LENGTH} characters` };
  const labels = host.split('.');
  if (!labels.every((label) => LABEL.test(label))) return { problem: 'is not a host name or address' };
  const lastLabel = host.slice(host.lastIndexOf('.') + 1);
  // What resolvers read as a number is an IPv4 address in disguise (10.1, 0x7f.1): only the plain form passes.
  if (/^(\d+|0x[0-9a-f]*)$/.test(lastLabel) && !IPV4.test(host)) {
    return { problem: 'is not an IPv4 address of four decimal numbers' };
  }
  return { value: host };
}

/** Reads `host` or `host:port`; an IPv6 address stands in brackets. */
export function parseHostPort(text: string): Parsed<HostPort> {
  const end = text.startsWith('[') ? text.indexOf(']') + 1 : text.indexOf(':');
  const split = end <= 0 ? text.length : end;
  if (text.includes(':', split + 1) && !text.startsWith('[')) {
    return { problem: 'an IPv6 address must stand in brackets, such as [::1]:8080' };
  }
  const host = parseHost(text.slice(0, split));
  if (host.problem !== undefined) return host;
  const rest = text.slice(split);
  if (rest === '') return { value: { host: host.value, port: null } };
  if (!/^:[1-9]\d{0,4}$/.test(rest) || Number(rest.slice(1)) > 65_535) {
    return { problem: 'the port must be a number from 1 to 65535 without leading zeros' };
  }
  return { value: { host: host.value, port: Number(rest.slice(1)) } };
}

/** `host` or `host:port` in canonical form. */
export function formatHostPort({ host, port }: HostPort): string {
  return port === null ? host : `${host}:${port}`;
}

/** Whether a credential's host list admits this upstream: an entry without port admits every port of its host. */
export function hostListAdmits(hosts: readonly string[], host: string, port: number): boolean {
  return hosts.some((entry) => entry === host || entry === `${host}:${port}`);
}
