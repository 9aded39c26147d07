import { parseDuration, parseTimeout } from './duration.js';
import { parseHeaderName, parseHeaderPrefix, parseQueryParameter } from './header.js';
import { formatHostPort, type Parsed, parseHostPort } from './host.js';
import {
  isWellFormed,
  parseLlmPath,
  parseModelName,
  parseModelPattern,
  parsePathPattern,
} from './patterns.js';
import { formatTimestamp, parseTimestamp } from './timestamp.js';
import { parseUpstreamUrl } from './upstream-url.js';
import { parseUsd } from './usd.js';

/** A format reads a text and gives its canonical form, or what is wrong with it. */
type Format = (text: string) => Parsed<string>;

const NAME = /^[a-z0-9]([-a-z0-9]{0,61}[a-z0-9])?$/;
const LABEL_VALUE = /^([A-Za-z0-9]([-A-Za-z0-9_.]{0,61}[A-Za-z0-9])?)?$/;
const LABEL_KEY = /^([a-z0-9]([-a-z0-9.]{0,251}[a-z0-9])?\/)?[A-Za-z0-9]([-A-Za-z0-9_.]{0,61}[A-Za-z0-9])?$/;
const UPSTREAM_KEY = /^(providers|mcp-servers|service-routes)\/(.*)$/s;
const PEM = /^(-----BEGIN CERTIFICATE-----\r?\n(?:[A-Za-z0-9+/=]{1,76}\r?\n)+-----END CERTIFICATE-----\s*)+$/;

/** Whether the text is a name that a resource may have. */
export function isName(text: string): boolean {
  return NAME.test(text);
}

function parseName(text: string): Parsed<string> {
  if (isName(text)) return { value: text };
  return {
    problem: 'must be 1 to 63 lower-case letters, digits or "-", beginning and ending with a letter or digit',
  };
}

function parseCredentialHost(text: string): Parsed<string> {
  if (text.includes('/') || text.includes('@')) {
    return { problem: 'must be a host such as api.openai.com or host:port, not a URL' };
  }
  const parsed = parseHostPort(text);
  return parsed.problem === undefined ? { value: formatHostPort(parsed.value) } : parsed;
}

function parseUpstreamKey(text: string): Parsed<string> {
  const name = UPSTREAM_KEY.exec(text)?.[2];
  if (name !== undefined && isName(name)) return { value: text };
  return { problem: 'must be providers/<name>, mcp-servers/<name> or service-routes/<name>' };
}

function parseUrl(text: string): Parsed<string> {
  const parsed = parseUpstreamUrl(text);
  return parsed.problem === undefined ? { value: text } : parsed;
}

function parseCertificates(text: string): Parsed<string> {
  if (text.includes('PRIVATE KEY')) return { problem: 'must hold certificates only, never a private key' };
  if (!PEM.test(text.trimStart())) return { problem: 'must be one or more certificates in PEM form' };
  return { value: text };
}

function parseMoment(text: string): Parsed<string> {
  const parsed = parseTimestamp(text);
  return parsed.problem === undefined ? { value: formatTimestamp(parsed.value) } : parsed;
}

function timeSpan(parse: (text: string) => Parsed<number>): Format {
  return (text) => {
    const parsed = parse(text);
    return parsed.problem === undefined ? { value: text } : parsed;
  };
}

function parsePlainText(text: string): Parsed<string> {
  if (!isWellFormed(text)) return { problem: 'must be well-formed Unicode' };
  if (/[\u0000-\u0008\u000b-\u001f\u007f]/.test(text)) return { problem: 'must not hold control characters' };
  return { value: text };
}

function matching(pattern: RegExp, problem: string): Format {
  return (text) => (pattern.test(text) ? { value: text } : { problem });
}

/** Every `format` that schemas of this package name. */
export const FORMATS = {
  name: parseName,
  'label-key': matching(LABEL_KEY, 'must be a label key such as team or example.com/team'),
  'label-value': matching(LABEL_VALUE, 'must be at most 63 letters, digits, "-", "_" or "."'),
  'plain-text': parsePlainText,
  'credential-host': parseCredentialHost,
  'header-name': parseHeaderName,
  'header-prefix': parseHeaderPrefix,
  'query-parameter': parseQueryParameter,
  'upstream-url': parseUrl,
  'upstream-key': parseUpstreamKey,
  'pem-certificates': parseCertificates,
  'model-name': parseModelName,
  'model-pattern': parseModelPattern,
  'path-pattern': parsePathPattern,
  'llm-path': parseLlmPath,
  'date-time': parseMoment,
  duration: timeSpan(parseDuration),
  timeout: timeSpan(parseTimeout),
  usd: parseUsd,
  'oauth2-scope': matching(
    // RFC 6749 §3.3
    /^[\x21\x23-\x5b\x5d-\x7e]+$/,
    'must be one scope: visible ASCII characters without spaces, quotes or backslashes',
  ),
} as const satisfies Record<string, Format>;

export type FormatName = keyof typeof FORMATS;
