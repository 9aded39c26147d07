import { STATUS_CODES } from 'node:http';
import type { FieldError } from '@hiclaw/resources';
import { GatewayError } from '@hiclaw/service-kit';
import { InvalidInput } from '../store/errors.js';

export const PROBLEM_TYPE = 'application/problem+json';

/** An error as the API answers it (RFC 9457). */
export interface Problem {
  readonly type: 'about:blank';
  readonly title: string;
  readonly status: number;
  /** Stable, for programs. */
  readonly code: string;
  /** For people: what is wrong and what to do. */
  readonly detail: string;
  readonly requestId?: string;
  readonly errors?: readonly FieldError[];
}

/** HTTP status of each error code that the API answers with. */
const STATUS_OF_CODE: Readonly<Record<string, number>> = {
  INVALID_INPUT: 400,
  BODY_MALFORMED: 400,
  BODY_MISSING: 400,
  REQUEST_MALFORMED: 400,
  ADMIN_TOKEN_MISSING: 401,
  ADMIN_TOKEN_INVALID: 401,
  ADMIN_TOKEN_EXPIRED: 401,
  NOT_FOUND: 404,
  METHOD_NOT_ALLOWED: 405,
  ALREADY_EXISTS: 409,
  STILL_REFERENCED: 409,
  TOO_MANY_TOKENS: 409,
  CONFLICT: 409,
  PRECONDITION_FAILED: 412,
  BODY_TOO_LARGE: 413,
  MEDIA_TYPE_UNSUPPORTED: 415,
  HOST_NOT_ALLOWED: 421,
  TOO_MANY_TESTS: 429,
  HEADERS_TOO_LARGE: 431,
  INTERNAL: 500,
  STORAGE_FAILED: 503,
  NOT_READY: 503,
};

/** Fastify's own errors, in our words. */
const FRAMEWORK_CODES: Readonly<Record<string, readonly [code: string, detail: string]>> = {
  FST_ERR_CTP_BODY_TOO_LARGE: ['BODY_TOO_LARGE', 'The request body is too large.'],
  FST_ERR_CTP_INVALID_MEDIA_TYPE: [
    'MEDIA_TYPE_UNSUPPORTED',
    'Send JSON with "Content-Type: application/json"; for PATCH also application/merge-patch+json.',
  ],
  FST_ERR_CTP_INVALID_CONTENT_LENGTH: [
    'REQUEST_MALFORMED',
    'Content-Length differs from the length of the body.',
  ],
  FST_ERR_BAD_URL: ['REQUEST_MALFORMED', 'The path is not a valid URL path.'],
  FST_ERR_MAX_PARAM_LENGTH: ['NOT_FOUND', 'There is nothing with so long a name.'],
  FST_ERR_ASYNC_CONSTRAINT: ['REQUEST_MALFORMED', 'The request is not valid.'],
};

function textOf(error: unknown, key: string): string {
  if (typeof error !== 'object' || error === null || !(key in error)) return '';
  const value: unknown = (error as Record<string, unknown>)[key];
  return typeof value === 'string' ? value : '';
}

function problem(code: string, detail: string, errors?: readonly FieldError[]): Problem {
  const status = STATUS_OF_CODE[code] ?? 500;
  return {
    type: 'about:blank',
    title: STATUS_CODES[status] ?? 'Error',
    status,
    code,
    detail,
    ...(errors === undefined ? {} : { errors }),
  };
}

/** What to answer to an error of any origin. The text of unexpected errors stays in the log. */
export function problemOf(error: unknown): Problem {
  if (error instanceof InvalidInput) return problem(error.code, error.message, error.errors);
  if (error instanceof GatewayError && error.code in STATUS_OF_CODE)
    return problem(error.code, error.message);
  const known = FRAMEWORK_CODES[textOf(error, 'code')];
  if (known !== undefined) return problem(...known);
  return problem(
    'INTERNAL',
    'The server made a mistake; nothing was changed. Its log says more under this request id.',
  );
}
