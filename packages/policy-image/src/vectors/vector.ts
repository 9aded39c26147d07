import type { RequestFacts } from '../oracle/facts.js';
import { REASONS, type Reason } from '../oracle/reasons.js';
import { refusalInShape, type ErrorShape, type LocalReply } from '../oracle/refusal.js';
import type { KeyAuthPolicy } from '../policy.js';
import { fail, fieldsOf, flagOf, listOf, numberOf, oneOf, optional, textOf, type Fields } from './decode.js';
import { secondsOf } from './policy-file.js';
import { decodeBody, inPieces } from './request-body.js';
import { byteText } from './request-text.js';

const SHAPES: readonly ErrorShape[] = ['openai', 'anthropic', 'json-rpc', 'service'];
const REASON_CODES = Object.keys(REASONS) as Reason[];
const REQUEST_FIELDS = ['method', 'path', 'as', 'headers', 'model', 'body', 'split', 'chunked'];
const EXPECT_FIELDS = ['admit', 'refuse', 'shape', 'allow', 'answer', 'response'];

/** The request goes upstream. */
export interface ExpectedAdmission {
  readonly kind: 'admit';
  readonly consumer: string;
  readonly route: string;
  readonly model: string | null;
  /** Names of headers that the client sent and that must not reach the upstream; in lower case. */
  readonly removed: readonly string[];
}

/** The gateway itself responds. */
export interface ExpectedReply {
  readonly kind: 'reply';
  /** Null when the response is no refusal. */
  readonly reason: Reason | null;
  readonly reply: LocalReply;
}

export type Expectation = ExpectedAdmission | ExpectedReply;

/** Envoy's own codec or connection manager responds; the connection may also just close. */
export interface EnvoyReply {
  readonly kind: 'envoy';
  readonly status: number;
}

export interface Vector {
  /** File name without folder and extension. */
  readonly topic: string;
  /** Unique within its topic. */
  readonly name: string;
  readonly why: string | null;
  /** File name of the policy, or null: the plugin has no policy yet. */
  readonly policyName: string | null;
  readonly policy: KeyAuthPolicy | null;
  /** Whether an HTTP/1.1 client should use chunked transfer coding. */
  readonly chunked: boolean;
  /** Made anew at each call, as some bodies are large. */
  facts(): RequestFacts;
  readonly expect: Expectation;
  /** Where a real Envoy responds or sees the request otherwise, else the same as `expect`. */
  readonly inEnvoy: Expectation | EnvoyReply;
}

export interface VectorContext {
  readonly topic: string;
  readonly policyName: string | null;
  readonly policy: KeyAuthPolicy | null;
  readonly now: number;
}

export function decodeVector(value: unknown, where: string, context: VectorContext): Vector {
  const fields = fieldsOf(value, where, ['name', 'why', 'now', 'request', 'expect', 'envoy']);
  const request = decodeRequest(fields['request'], `${where}.request`);
  const now = fields['now'] === undefined ? context.now : secondsOf(fields['now'], `${where}.now`);
  const expect = decodeExpectation(fields['expect'], `${where}.expect`);
  return {
    topic: context.topic,
    name: textOf(fields['name'], `${where}.name`),
    why: optional(fields['why'], (why) => textOf(why, `${where}.why`)) ?? null,
    policyName: context.policyName,
    policy: context.policy,
    chunked: request.chunked,
    facts: () => ({ ...request.facts(), now }),
    expect,
    inEnvoy: optional(fields['envoy'], (envoy) => decodeEnvoy(envoy, `${where}.envoy`)) ?? expect,
  };
}

interface DecodedRequest {
  readonly chunked: boolean;
  facts(): Omit<RequestFacts, 'now'>;
}

function decodeRequest(value: unknown, where: string): DecodedRequest {
  const fields = fieldsOf(value, where, REQUEST_FIELDS);
  const method = byteText(fields['method'] ?? 'POST', `${where}.method`);
  const path = byteText(fields['path'] ?? '/v1/chat/completions', `${where}.path`);
  const chunked = flagOf(fields['chunked'], `${where}.chunked`);
  const headers = decodeHeaders(fields, where);
  const body =
    optional(fields['model'], (model) => chatBody(textOf(model, `${where}.model`))) ?? fields['body'];
  const isJson = typeof body === 'object' && body !== null && 'json' in body;
  const split = optional(fields['split'], (sizes) =>
    typeof sizes === 'number' ? sizes : listOf(sizes, `${where}.split`, numberOf),
  );
  const facts = (): Omit<RequestFacts, 'now'> => {
    const bytes = body === undefined ? Buffer.alloc(0) : decodeBody(body, `${where}.body`);
    const names = new Set(headers.map(([name]) => name.toLowerCase()));
    const framing: [string, string][] = [];
    if (isJson && !names.has('content-type')) framing.push(['content-type', 'application/json']);
    if (chunked) framing.push(['transfer-encoding', 'chunked']);
    else if (bytes.length > 0 && !names.has('content-length'))
      framing.push(['content-length', `${bytes.length}`]);
    return { method, path, headers: [...headers, ...framing], body: inPieces(bytes, split) };
  };
  return { chunked, facts };
}

/** The plainest request to a model. */
function chatBody(model: string): unknown {
  return { json: { model, messages: [{ role: 'user', content: 'hi' }] } };
}

function decodeHeaders(request: Fields, where: string): readonly (readonly [string, string])[] {
  const headers = listOf(
    request['headers'] ?? [],
    `${where}.headers`,
    (header, at): readonly [string, string] => {
      const [name, headerValue, ...more] = listOf(header, at, byteText);
      if (name === undefined || headerValue === undefined || more.length > 0)
        fail(at, 'is not a name and a value');
      return [name, headerValue];
    },
  );
  const seed = optional(request['as'], (as) => textOf(as, `${where}.as`));
  return seed === undefined
    ? headers
    : [['authorization', byteText(`Bearer \${${seed}}`, where)], ...headers];
}

function decodeExpectation(value: unknown, where: string): Expectation {
  const fields = fieldsOf(value, where, EXPECT_FIELDS);
  if (fields['admit'] !== undefined) {
    const admit = fieldsOf(fields['admit'], `${where}.admit`, ['consumer', 'route', 'model', 'removed']);
    return {
      kind: 'admit',
      consumer: textOf(admit['consumer'], `${where}.admit.consumer`),
      route: textOf(admit['route'], `${where}.admit.route`),
      model: optional(admit['model'], (model) => textOf(model, `${where}.admit.model`)) ?? null,
      removed: listOf(admit['removed'] ?? [], `${where}.admit.removed`, textOf),
    };
  }
  if (fields['answer'] !== undefined) {
    const headers = { 'content-type': 'application/json' };
    return { kind: 'reply', reason: null, reply: { status: 200, headers, body: fields['answer'] } };
  }
  const reason = oneOf(fields['refuse'], `${where}.refuse`, REASON_CODES);
  if (fields['response'] !== undefined) {
    return { kind: 'reply', reason, reply: decodeResponse(fields['response'], `${where}.response`) };
  }
  const allow = optional(fields['allow'], (methods) => textOf(methods, `${where}.allow`));
  const shape = oneOf(fields['shape'] ?? 'openai', `${where}.shape`, SHAPES);
  const refused = { kind: 'refuse', reason, ...(allow === undefined ? {} : { allow }) } as const;
  return { kind: 'reply', reason, reply: refusalInShape(shape, refused) };
}

function decodeResponse(value: unknown, where: string): LocalReply {
  const fields = fieldsOf(value, where, ['status', 'headers', 'body']);
  const headers = listOf(fields['headers'], `${where}.headers`, (header, at) => listOf(header, at, textOf));
  return {
    status: numberOf(fields['status'], `${where}.status`),
    headers: Object.fromEntries(headers.map(([name = '', text = '']) => [name, text])),
    body: fields['body'],
  };
}

function decodeEnvoy(value: unknown, where: string): Expectation | EnvoyReply {
  const fields = fieldsOf(value, where, ['status', 'why', ...EXPECT_FIELDS]);
  if (fields['status'] === undefined) {
    const rest = Object.fromEntries(Object.entries(fields).filter(([name]) => name !== 'why'));
    return decodeExpectation(rest, where);
  }
  return { kind: 'envoy', status: numberOf(fields['status'], `${where}.status`) };
}
