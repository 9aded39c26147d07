import * as L from './layout.js';
import { PolicyImageError } from './policy-image-error.js';
import type { KeyAuthRoute, Method } from './policy.js';

const U32_MAX = 0xffff_ffff;
const U64_MAX = 0xffff_ffff_ffff_ffffn;
const NAME = /^[a-z0-9]([-a-z0-9]{0,61}[a-z0-9])?$/;
const LLM_PATH = /^(\/[A-Za-z0-9._~-]+)+$/;
/** Segments of visible ASCII without a query or a fragment. */
const BASE_PATH = /^(\/[\x21-\x22\x24-\x2e\x30-\x3e\x40-\x7e]+)*$/;
const KEY_PREFIX = { llm: 'llm-routes/', mcp: 'mcp-servers/', service: 'service-routes/' };

const METHOD_BITS: Readonly<Record<Method, number>> = {
  GET: L.METHOD_GET,
  HEAD: L.METHOD_HEAD,
  POST: L.METHOD_POST,
  PUT: L.METHOD_PUT,
  PATCH: L.METHOD_PATCH,
  DELETE: L.METHOD_DELETE,
  OPTIONS: L.METHOD_OPTIONS,
};

export function methodBits(methods: readonly Method[]): number {
  return methods.reduce((bits, method) => bits | METHOD_BITS[method], 0);
}

export function unsigned32(value: number, what: string): number {
  if (!Number.isInteger(value) || value < 0 || value > U32_MAX) {
    throw new PolicyImageError(`${what} ${value} is not an unsigned 32-bit number`);
  }
  return value;
}

export function unsigned64(value: bigint, what: string): bigint {
  if (value < 0n || value > U64_MAX) {
    throw new PolicyImageError(`${what} ${value} is not an unsigned 64-bit number`);
  }
  return value;
}

/** Ends beyond what the format can say (2106) are cut to that, and those before 1970 are simply in the past. */
export function expirySeconds(seconds: number, consumer: string): number {
  if (!Number.isInteger(seconds))
    throw new PolicyImageError(`consumer "${consumer}": expiry ${seconds} is no integer`);
  if (seconds < 0) return 1;
  return Math.min(seconds, U32_MAX);
}

export function checkRoute(route: KeyAuthRoute): void {
  const prefix = KEY_PREFIX[route.kind];
  if (!route.key.startsWith(prefix) || !NAME.test(route.key.slice(prefix.length))) {
    throw new PolicyImageError(`route key ${JSON.stringify(route.key)} is not "${prefix}<name>"`);
  }
  if (route.kind === 'llm' && !LLM_PATH.test(route.path)) {
    throw new PolicyImageError(`"${route.key}": path ${JSON.stringify(route.path)} is not like "/v1"`);
  }
}

/** Whether the text is the path of a base URL without trailing slash. */
export function isBasePath(text: string): boolean {
  return BASE_PATH.test(text);
}
