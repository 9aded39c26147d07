import type { Parsed } from './host.js';

const TOKEN = /^[!#$%&'*+.^_`|~0-9A-Za-z-]+$/;
const MAX_HEADER_NAME_LENGTH = 128;
const CONNECTION_HEADERS = new Set([
  'connection',
  'content-encoding',
  'content-length',
  'content-type',
  'expect',
  'host',
  'http2-settings',
  'keep-alive',
  'proxy-authenticate',
  'proxy-connection',
  'te',
  'trailer',
  'transfer-encoding',
  'upgrade',
  'via',
]);
const RESERVED_PREFIXES = ['x-hiclaw-', 'x-envoy-', 'x-forwarded-', 'forwarded', 'grpc-'];

/** The name of a header that carries a credential. */
export function parseHeaderName(text: string): Parsed<string> {
  if (text.length > MAX_HEADER_NAME_LENGTH) {
    return { problem: `must have at most ${MAX_HEADER_NAME_LENGTH} characters` };
  }
  if (!TOKEN.test(text))
    return { problem: 'must be a header name: letters, digits and "-", without spaces or ":"' };
  const lower = text.toLowerCase();
  if (CONNECTION_HEADERS.has(lower) || RESERVED_PREFIXES.some((prefix) => lower.startsWith(prefix))) {
    return { problem: 'is a header that the gateway itself governs; a credential must not replace it' };
  }
  return { value: text };
}

/** What stands before the credential in its header, such as `Bearer `. */
export function parseHeaderPrefix(text: string): Parsed<string> {
  if (!/^[\x20-\x7e]*$/.test(text)) return { problem: 'must hold printable ASCII characters only' };
  if (text.startsWith(' ')) return { problem: 'must not begin with a space' };
  return { value: text };
}

/** The name of a query parameter that carries a credential. */
export function parseQueryParameter(text: string): Parsed<string> {
  if (!/^[A-Za-z0-9._~-]{1,128}$/.test(text)) {
    return { problem: 'must be 1 to 128 letters, digits, ".", "_", "~" or "-"' };
  }
  return { value: text };
}
