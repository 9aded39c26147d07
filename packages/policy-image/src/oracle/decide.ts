import type { GrantEntry, KeyAuthImage } from '../key-auth-image.js';
import { literalBytes, matchModelPattern, matchPathPattern } from '../patterns.js';
import type { KeyAuthRoute } from '../policy.js';
import { tokenDigest } from '../token.js';
import { callOfBody, type NamedCall } from './body-call.js';
import { callRecord } from './call-record.js';
import { endpointOf, isPathModel, type Endpoint } from './endpoints.js';
import {
  headerValues,
  isRefusal,
  pathOf,
  refuse,
  type Admission,
  type Decision,
  type Refusal,
  type RequestFacts,
} from './facts.js';
import { modelEntry, modelList, type ModelListShape } from './model-list.js';
import { isModelNamedElsewhere } from './named-elsewhere.js';
import { isPathMalformed } from './path-form.js';
import { presentedToken } from './present-token.js';

const HEALTH_PATH = '/healthz';
const MCP_PREFIX = '/mcp-servers/';
const MCP_PATH = /^\/mcp-servers\/([^/]*)\/(mcp|sse)$/;
const MCP_METHODS = ['GET', 'POST', 'DELETE'];
const SERVICE_PREFIX = '/services/';
const SERVICE_PATH = /^\/services\/([^/]*)(\/.*)?$/;
const MODELS_PATH = '/models';
type LlmRoute = Extract<KeyAuthRoute, { kind: 'llm' }>;

/** A consumer that was told apart, and what it may reach by route key. */
interface Caller {
  readonly name: string;
  readonly grants: ReadonlyMap<string, GrantEntry>;
}

interface Candidate {
  readonly route: LlmRoute;
  readonly grant: GrantEntry;
}

/**
 * What key-auth must do with a request: a pure, total function of the image (null: none yet) and the request, against
 * which the plugin is tested. Anything not expressly allowed is refused; the first reason that applies is given.
 */
export function decide(image: KeyAuthImage | null, facts: RequestFacts): Decision {
  if (image === null) return refuse('no-policy');
  const path = pathOf(facts);
  if (path === HEALTH_PATH && facts.method === 'GET') {
    return {
      kind: 'answer',
      consumer: null,
      body: { status: 'ok', policyVersion: Number(image.policyVersion) },
    };
  }
  if (isPathMalformed(path)) return refuse('path-malformed');
  const presented = presentedToken(facts);
  if (isRefusal(presented)) return presented;
  const caller = identify(image, tokenDigest(presented.token), facts.now);
  if (isRefusal(caller)) return caller;
  if (headerValues(facts, 'upgrade').length > 0) return refuse('upgrade-not-allowed');
  if (path.startsWith(MCP_PREFIX)) return decideMcp(image, caller, facts.method, path);
  if (path.startsWith(SERVICE_PREFIX)) return decideService(image, caller, facts.method, path);
  return decideLlm(image, caller, facts, path);
}

/** The consumer behind a token, or why it is not let in. */
function identify(image: KeyAuthImage, digest: Uint8Array, now: number): Caller | Refusal {
  const token = image.findToken(digest);
  if (token === null) return refuse('token-unknown');
  if (hasEnded(token.expiresAt, now)) return refuse('token-expired');
  const consumer = image.consumer(token.consumer);
  if (consumer.revoked) return refuse('consumer-revoked');
  if (consumer.disabled) return refuse('consumer-disabled');
  if (hasEnded(consumer.expiresAt, now)) return refuse('consumer-expired');
  const grants = new Map(
    image.grants(consumer).map((grant) => [image.routes[grant.route]?.key ?? '', grant]),
  );
  return { name: consumer.name, grants };
}

function hasEnded(expiresAt: number, now: number): boolean {
  return expiresAt !== 0 && now >= expiresAt;
}

function decideMcp(image: KeyAuthImage, caller: Caller, method: string, path: string): Decision {
  const key = `mcp-servers/${MCP_PATH.exec(path)?.[1] ?? ''}`;
  if (!image.routes.some((route) => route.key === key)) return refuse('route-not-found');
  if (!caller.grants.has(key)) return refuse('route-not-allowed');
  if (!MCP_METHODS.includes(method)) return methodNotAllowed(MCP_METHODS.join(', '));
  return { kind: 'admit', consumer: caller.name, route: key, model: null, call: null };
}

function decideService(image: KeyAuthImage, caller: Caller, method: string, path: string): Decision {
  const [, name = '', rest = '/'] = SERVICE_PATH.exec(path) ?? [];
  const key = `service-routes/${name}`;
  const route = image.routes.find((candidate) => candidate.key === key);
  if (route?.kind !== 'service') return refuse('route-not-found');
  if (!caller.grants.has(key)) return refuse('route-not-allowed');
  const allowed = route.rules.some(
    ({ methods, paths }) =>
      methods.some((candidate) => candidate === method) &&
      paths.some((pattern) => matchPathPattern(pattern, rest)),
  );
  if (!allowed) return refuse('request-not-allowed');
  return { kind: 'admit', consumer: caller.name, route: key, model: null, call: null };
}

function decideLlm(image: KeyAuthImage, caller: Caller, facts: RequestFacts, path: string): Decision {
  const entry = image.llmPaths.find((prefix) => path === prefix.path || path.startsWith(`${prefix.path}/`));
  if (entry === undefined) return refuse('route-not-found');
  const candidates = entry.candidates.flatMap((index): Candidate[] => {
    const route = image.routes[index];
    const grant = caller.grants.get(route?.key ?? '');
    return route?.kind === 'llm' && grant !== undefined ? [{ route, grant }] : [];
  });
  if (candidates.length === 0) return refuse('route-not-allowed');

  const rest = path.slice(entry.path.length);
  const endpoint = endpointOf(rest);
  if (endpoint !== null) return decideEndpoint(image, caller, candidates, facts, endpoint);
  if (rest !== MODELS_PATH && !rest.startsWith(`${MODELS_PATH}/`)) return refuse('endpoint-not-found');
  if (facts.method !== 'GET') return methodNotAllowed('GET');
  const shape = headerValues(facts, 'anthropic-version').length > 0 ? 'anthropic' : 'openai';
  return answerModels(caller, candidates, rest, shape);
}

function decideEndpoint(
  image: KeyAuthImage,
  caller: Caller,
  candidates: readonly Candidate[],
  facts: RequestFacts,
  endpoint: Endpoint,
): Decision {
  if (!endpoint.methods.includes(facts.method)) return methodNotAllowed(endpoint.methods.join(', '));
  if (endpoint.kind === 'response-item') {
    const [only, another] = candidates.filter(({ route }) => route.sharesResponses === true);
    if (only === undefined || another !== undefined) return refuse('stored-not-allowed');
    return admit(caller, only, facts, endpoint, null);
  }
  if (endpoint.pathModel !== null && !isPathModel(endpoint.pathModel)) return refuse('model-malformed');
  if (isModelNamedElsewhere(facts)) return refuse('model-ambiguous');
  const named = callOfBody(facts, image.maxBodyBytes, endpoint);
  if (isRefusal(named)) return named;
  const chosen = candidateForModel(candidates, named.model);
  if (chosen === null) return refuse('model-not-allowed');
  const isResponses = endpoint.kind === 'responses' || endpoint.kind === 'input-tokens';
  const namesStored = named.call.namesStored || (isResponses && named.call.namesStoredResponse);
  if (namesStored && chosen.route.sharesResponses !== true) return refuse('stored-not-allowed');
  return admit(caller, chosen, facts, endpoint, named);
}

function admit(
  caller: Caller,
  { route, grant }: Candidate,
  facts: RequestFacts,
  endpoint: Endpoint,
  named: NamedCall | null,
): Admission {
  const call = callRecord({ facts, route, endpoint, named });
  const model = named?.model ?? null;
  return { kind: 'admit', consumer: caller.name, route: grant.envoyRoute, model, call };
}

function methodNotAllowed(allow: string): Refusal {
  return { kind: 'refuse', reason: 'method-not-allowed', allow };
}

function admitsModel({ route, grant }: Candidate, model: string): boolean {
  const matches = (pattern: string): boolean => matchModelPattern(pattern, model);
  return route.models.some(matches) && (grant.models === null || grant.models.some(matches));
}

function answerModels(
  caller: Caller,
  candidates: readonly Candidate[],
  endpoint: string,
  shape: ModelListShape,
): Decision {
  const ids = candidates.flatMap((candidate) =>
    candidate.route.catalogue.filter((model) => admitsModel(candidate, model)),
  );
  if (endpoint === MODELS_PATH) return { kind: 'answer', consumer: caller.name, body: modelList(ids, shape) };
  const id = endpoint.slice(MODELS_PATH.length + 1);
  if (!ids.includes(id)) return refuse('model-not-found');
  return { kind: 'answer', consumer: caller.name, body: modelEntry(id, shape) };
}

/** An exact pattern wins, then the one with more literal bytes, then the route that comes first. */
function candidateForModel(candidates: readonly Candidate[], model: string): Candidate | null {
  let best: { readonly candidate: Candidate; readonly rank: number } | null = null;
  for (const candidate of candidates) {
    if (!admitsModel(candidate, model)) continue;
    const matching = candidate.route.models.filter((pattern) => matchModelPattern(pattern, model));
    const rank = Math.max(
      ...matching.map((pattern) => (pattern.includes('*') ? literalBytes(pattern) : Infinity)),
    );
    if (best === null || rank > best.rank) best = { candidate, rank };
  }
  return best?.candidate ?? null;
}

/** A request that was admitted and still runs. */
export interface RunningStream {
  /** SHA-256 of its token. */
  readonly digest: Uint8Array;
  /** As in its admission. */
  readonly route: string;
  /** Null: the request names none, as one for a stored response. */
  readonly model: string | null;
}

/** Why a running stream must be cut under a (new) image, or null: it may go on. */
export function whyCut(image: KeyAuthImage, stream: RunningStream, now: number): Refusal | null {
  const caller = identify(image, stream.digest, now);
  if (isRefusal(caller)) return caller;
  const [key = ''] = stream.route.split('~');
  const route = image.routes.find((candidate) => candidate.key === key);
  if (route === undefined) return refuse('route-not-found');
  const grant = caller.grants.get(key);
  if (grant === undefined) return refuse('route-not-allowed');
  if (route.kind !== 'llm') return null;
  if (stream.model === null) return route.sharesResponses === true ? null : refuse('stored-not-allowed');
  return admitsModel({ route, grant }, stream.model) ? null : refuse('model-not-allowed');
}
