import { headerValues, pathOf, type Refusal, type RequestFacts } from './facts.js';
import { REASONS, type Reason } from './reasons.js';

/** A response that the plugin itself gives. */
export interface LocalReply {
  readonly status: number;
  /** Names in lower case. */
  readonly headers: Readonly<Record<string, string>>;
  readonly body: unknown;
}

/** Whose clients must understand the response. */
export type ErrorShape = 'openai' | 'anthropic' | 'json-rpc' | 'service';

const JSON_RPC_REFUSED = -32001;
const ERROR_TYPES = new Map([
  [401, 'authentication_error'],
  [403, 'permission_error'],
  [404, 'not_found_error'],
  [429, 'rate_limit_error'],
  [503, 'api_error'],
]);
const ANTHROPIC_PATH = /\/messages(\/count_tokens)?$/;

/** The whole response to a refused request, in the shape of the protocol that it speaks. */
export function refusal(facts: RequestFacts, refused: Refusal): LocalReply {
  return refusalInShape(shapeOf(facts), refused);
}

function shapeOf(facts: RequestFacts): ErrorShape {
  const path = pathOf(facts);
  if (path.startsWith('/mcp-servers/')) return 'json-rpc';
  if (ANTHROPIC_PATH.test(path) || headerValues(facts, 'anthropic-version').length > 0) return 'anthropic';
  return path.startsWith('/services/') ? 'service' : 'openai';
}

export function refusalInShape(shape: ErrorShape, { reason, allow }: Refusal): LocalReply {
  const { status } = REASONS[reason];
  const headers: Record<string, string> = { 'content-type': 'application/json', 'x-hiclaw-reason': reason };
  if (status === 401) headers['www-authenticate'] = 'Bearer';
  if (status === 503) headers['retry-after'] = '1';
  if (allow !== undefined) headers['allow'] = allow;
  return { status, headers, body: refusalBody(shape, reason) };
}

function refusalBody(shape: ErrorShape, reason: Reason): unknown {
  const { status, text: message } = REASONS[reason];
  const type = ERROR_TYPES.get(status) ?? 'invalid_request_error';
  switch (shape) {
    case 'json-rpc':
      return { jsonrpc: '2.0', id: null, error: { code: JSON_RPC_REFUSED, message, data: { reason } } };
    case 'anthropic':
      return { type: 'error', error: { type: status === 413 ? 'request_too_large' : type, message } };
    case 'service':
      return { error: { code: reason, message } };
    case 'openai':
      return {
        error: {
          message,
          type: reason === 'budget-exhausted' ? 'insufficient_quota' : type,
          param: null,
          code: reason,
        },
      };
  }
}
