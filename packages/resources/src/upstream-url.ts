import { type Parsed, parseHostPort } from './host.js';

/** An upstream address taken apart. */
export interface UpstreamUrl {
  readonly scheme: 'http' | 'https';
  /** Lower case; IPv6 in brackets. */
  readonly host: string;
  readonly port: number;
  /** Without trailing slash; empty for the root. */
  readonly path: string;
}

const MAX_URL_LENGTH = 2048;
const PATH = /^(\/([A-Za-z0-9._~!$&'()*+,=:@-]|%[0-9A-Fa-f]{2})+)*\/?$/;
const HIDDEN_SEPARATOR = /%(2e|2f|5c|00|3b|25)/i;

function parsePath(path: string): Parsed<string> {
  if (path.includes('//')) return { problem: 'the path must not hold "//"' };
  if (path.includes(';')) return { problem: 'the path must not hold ";"' };
  if (!PATH.test(path)) return { problem: 'the path holds a character that a URL path may not hold' };
  if (HIDDEN_SEPARATOR.test(path))
    return { problem: 'the path must not hold an encoded ".", "/", "\\", ";", "%" or NUL' };
  if (path.split('/').some((segment) => segment === '.' || segment === '..')) {
    return { problem: 'the path must not hold "." or ".." segments' };
  }
  return { value: path.endsWith('/') ? path.slice(0, -1) : path };
}

/**
 * Reads the address of an upstream. Stricter than the URL standard, which repairs what it reads: everything that two
 * readers could understand differently is refused.
 */
export function parseUpstreamUrl(text: string): Parsed<UpstreamUrl> {
  if (text.length > MAX_URL_LENGTH) return { problem: `must have at most ${MAX_URL_LENGTH} characters` };
  if (!/^[\x21-\x7e]*$/.test(text))
    return { problem: 'must not hold spaces, control or non-ASCII characters' };
  const match = /^(https?):\/\/([^/?#\\]*)([^?#\\]*)(.*)$/.exec(text);
  if (match === null) return { problem: 'must begin with "https://" or "http://"' };
  const [, scheme, authority = '', path = '', rest = ''] = match;
  if (rest.startsWith('\\')) return { problem: 'must not hold a backslash' };
  if (rest.startsWith('?')) return { problem: 'must not have a query' };
  if (rest.startsWith('#')) return { problem: 'must not have a fragment' };
  if (authority.includes('@')) {
    return { problem: 'must not hold a user name or password; put them into a Credential' };
  }
  const hostPort = parseHostPort(authority);
  if (hostPort.problem !== undefined) return { problem: `the host ${hostPort.problem}` };
  const parsedPath = parsePath(path);
  if (parsedPath.problem !== undefined) return parsedPath;
  const secure = scheme === 'https';
  return {
    value: {
      scheme: secure ? 'https' : 'http',
      host: hostPort.value.host,
      port: hostPort.value.port ?? (secure ? 443 : 80),
      path: parsedPath.value,
    },
  };
}
