import type { Parsed } from './host.js';

/** Bytes; the gateway reads models into a fixed arena. */
const MAX_MODEL_BYTES = 256;
const MAX_PATH_PATTERN_LENGTH = 512;
const MAX_WILDCARDS = 8;

function utf8Length(text: string): number {
  let bytes = 0;
  for (const character of text) {
    const code = character.codePointAt(0) ?? 0;
    bytes += code < 0x80 ? 1 : code < 0x800 ? 2 : code < 0x10000 ? 3 : 4;
  }
  return bytes;
}

/** Whether the text is Unicode without lone surrogates. */
export function isWellFormed(text: string): boolean {
  return !/\p{Surrogate}/u.test(text);
}

/** Whether the text holds a control character (C0, DEL, C1) or a line separator. */
export function hasControlCharacter(text: string): boolean {
  return /[\u0000-\u001f\u007f-\u009f\u2028\u2029]/.test(text);
}

function tooManyWildcards(text: string): boolean {
  return text.replace(/\*\*/g, '*').split('*').length - 1 > MAX_WILDCARDS;
}

/** A model name pattern; `*` stands for any run of characters. */
export function parseModelPattern(text: string): Parsed<string> {
  if (text === '') return { problem: 'must not be empty' };
  if (!isWellFormed(text)) return { problem: 'must be well-formed Unicode' };
  if (hasControlCharacter(text)) return { problem: 'must not hold control characters' };
  if (text.trim() !== text) return { problem: 'must not begin or end with white space' };
  if (utf8Length(text) > MAX_MODEL_BYTES) return { problem: `must have at most ${MAX_MODEL_BYTES} bytes` };
  if (text.includes('**')) return { problem: 'must not hold "**"; one "*" stands for any run of characters' };
  if (tooManyWildcards(text)) return { problem: `must hold at most ${MAX_WILDCARDS} wildcards` };
  return { value: text };
}

/** The exact name of a model. */
export function parseModelName(text: string): Parsed<string> {
  if (text.includes('*')) return { problem: 'must be the exact name of a model, without "*"' };
  return parseModelPattern(text);
}

/** A path pattern of a service route; `*` stays within one segment, `**` crosses them. */
export function parsePathPattern(text: string): Parsed<string> {
  if (!text.startsWith('/')) return { problem: 'must begin with "/"' };
  if (text.length > MAX_PATH_PATTERN_LENGTH) {
    return { problem: `must have at most ${MAX_PATH_PATTERN_LENGTH} characters` };
  }
  if (/[?#]/.test(text)) return { problem: 'must not hold a query or fragment; only the path is matched' };
  if (text.includes('//')) return { problem: 'must not hold "//": the gateway refuses such paths' };
  if (text.includes('***')) return { problem: 'must not hold "***"' };
  if (!/^([A-Za-z0-9._~!$&'()*+,=:@/-]|%[0-9A-Fa-f]{2})+$/.test(text)) {
    return { problem: 'holds a character that a URL path may not hold; write it percent-encoded' };
  }
  if (/%(2e|2f|5c|00|3b|25)/i.test(text)) {
    return {
      problem: 'must not hold an encoded ".", "/", "\\", ";", "%" or NUL: the gateway refuses such paths',
    };
  }
  if (text.split('/').some((segment) => segment === '.' || segment === '..')) {
    return { problem: 'must not hold "." or ".." segments: the gateway refuses such paths' };
  }
  if (tooManyWildcards(text)) return { problem: `must hold at most ${MAX_WILDCARDS} wildcards` };
  return { value: text };
}

const RESERVED_FIRST_SEGMENTS = ['mcp-servers', 'services', 'healthz'];

/** The path prefix under which an LLM route listens. */
export function parseLlmPath(text: string): Parsed<string> {
  if (text.length > 256) return { problem: 'must have at most 256 characters' };
  if (!/^(\/[A-Za-z0-9._~-]+)+$/.test(text)) {
    return {
      problem:
        'must be a path such as "/v1": letters, digits, ".", "_", "~", "-" between slashes, none at the end',
    };
  }
  const segments = text.slice(1).split('/');
  if (segments.some((segment) => segment === '.' || segment === '..')) {
    return { problem: 'must not hold "." or ".." segments' };
  }
  if (RESERVED_FIRST_SEGMENTS.includes(segments[0] ?? '')) {
    return { problem: `must not begin with /${segments[0] ?? ''}: the gateway uses it for something else` };
  }
  return { value: text };
}
