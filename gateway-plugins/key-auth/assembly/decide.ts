// The decision on a request: one total function of image and facts. Nothing is admitted but by reaching ADMIT.

import { ascii, asciiLength } from '../../policy/assembly/ascii';
import { bytesEqual, findByte } from '../../policy/assembly/bytes';
import * as L from '../../../packages/policy-image/src/layout';
import { admitsCaller } from './caller';
import { isFormType, isJsonType } from './content-type';
import { BODY_FORM, ENDPOINT_RESPONSE_ITEM, isPathModel, readEndpoint, target } from './endpoints';
import { facts } from './facts';
import {
  consumerOf,
  findGrant,
  findLlmPath,
  findRoute,
  findToken,
  maxBodyBytes,
  stringLength,
} from './lookup';
import { methodBit } from './methods';
import { hasCandidate, sharedRoute } from './models';
import { isModelNamedElsewhere } from './named-elsewhere';
import { presentedDigest, presentedToken } from './present-token';
import { pathIsSane } from './request-path';
import { isListed } from './model-catalogue';
import { admitsRequest } from './rules';
import * as V from './verdict';
import { outcome } from './verdict';

const HEALTHZ = ascii('/healthz');
const MCP_SERVERS = ascii('/mcp-servers/');
const SERVICES = ascii('/services/');
const SERVICE_ROUTES = ascii('service-routes/');
const MODELS = ascii('/models');
const MCP_METHODS = ascii('GET, POST, DELETE');
const GET = ascii('GET');
const SLASH: u32 = 0x2f;
const COMMA: u32 = 0x2c;
const MCP_TAIL: u64 = 0x70636d2f; // "/mcp"
const SSE_TAIL: u64 = 0x6573732f; // "/sse"

const LONGEST_KEY: usize = 96;
const routeKey: usize = memory.data(96, 8);

function startsWith(prefix: usize): bool {
  const length = asciiLength(prefix);
  return facts.pathLength >= length && bytesEqual(facts.path, prefix, length);
}

function isPath(path: usize): bool {
  return facts.pathLength == asciiLength(path) && startsWith(path);
}

function isMethod(method: usize): bool {
  const length = asciiLength(method);
  return facts.methodLength == length && bytesEqual(facts.method, method, length);
}

/** What to do with the request in `facts` under `image` (0: there is none yet). Fills `outcome`, which must be clear. */
export function decide(image: usize): u32 {
  if (image == 0) return V.NO_POLICY;
  if (isPath(HEALTHZ) && isMethod(GET)) return V.ANSWER_HEALTH;
  if (!pathIsSane(facts.path, facts.pathLength)) return V.PATH_MALFORMED;
  const presented = presentedToken();
  if (presented != V.ADMIT) return presented;
  const token = findToken(image, presentedDigest);
  const caller = admitsCaller(image, token);
  if (token != 0) outcome.consumer = consumerOf(image, token);
  if (caller != V.ADMIT) return caller;
  outcome.token = token;
  if (facts.hasUpgrade) return V.UPGRADE_NOT_ALLOWED;
  if (startsWith(MCP_SERVERS)) return decideMcp(image);
  if (startsWith(SERVICES)) return decideService(image);
  return decideLlm(image);
}

/** Whether the method is one of a list such as "GET, DELETE". */
function isMethodIn(list: usize): bool {
  const end = list + asciiLength(list);
  for (let at = list; at < end; at += 2) {
    const comma = findByte(at, end, COMMA);
    if (comma - at == facts.methodLength && bytesEqual(at, facts.method, facts.methodLength)) return true;
    at = comma;
  }
  return false;
}

function methodNotAllowed(allow: usize): u32 {
  outcome.allow = allow;
  return V.METHOD_NOT_ALLOWED;
}

/** Looks up route and grant; ADMIT when both are there. */
function onRoute(image: usize, key: usize, length: usize, kind: u32): u32 {
  const route = findRoute(image, key, length);
  if (route == 0 || load<u32>(route + L.ROUTE_KIND) != kind) return V.ROUTE_NOT_FOUND;
  const grant = findGrant(image, outcome.consumer, route);
  if (grant == 0) return V.ROUTE_NOT_ALLOWED;
  outcome.route = route;
  outcome.grant = grant;
  return V.ADMIT;
}

function decideMcp(image: usize): u32 {
  // "/mcp-servers/<name>/mcp": what stands between the first slash and the last four bytes is the route's key.
  if (facts.pathLength < asciiLength(MCP_SERVERS) + 5) return V.ROUTE_NOT_FOUND;
  const tail = <u64>load<u32>(facts.path + facts.pathLength - 4);
  if (tail != MCP_TAIL && tail != SSE_TAIL) return V.ROUTE_NOT_FOUND;
  const found = onRoute(image, facts.path + 1, facts.pathLength - 5, L.ROUTE_KIND_MCP);
  if (found != V.ADMIT) return found;
  const allowed = L.METHOD_GET | L.METHOD_POST | L.METHOD_DELETE;
  return (methodBit(facts.method, facts.methodLength) & allowed) != 0
    ? V.ADMIT
    : methodNotAllowed(MCP_METHODS);
}

function decideService(image: usize): u32 {
  const name = facts.path + asciiLength(SERVICES);
  const end = facts.path + facts.pathLength;
  let rest = name;
  while (rest < end && load<u8>(rest) != SLASH) rest++;
  const prefix = asciiLength(SERVICE_ROUTES);
  const length = prefix + (rest - name);
  if (length > LONGEST_KEY) return V.ROUTE_NOT_FOUND;
  memory.copy(routeKey, SERVICE_ROUTES, prefix);
  memory.copy(routeKey + prefix, name, rest - name);
  const found = onRoute(image, routeKey, length, L.ROUTE_KIND_SERVICE);
  if (found != V.ADMIT) return found;
  const method = methodBit(facts.method, facts.methodLength);
  return admitsRequest(image, outcome.route, method, rest, end - rest) ? V.ADMIT : V.REQUEST_NOT_ALLOWED;
}

function decideLlm(image: usize): u32 {
  const llmPath = findLlmPath(image, facts.path, facts.pathLength);
  if (llmPath == 0) return V.ROUTE_NOT_FOUND;
  if (!hasCandidate(image, llmPath, outcome.consumer)) return V.ROUTE_NOT_ALLOWED;
  outcome.llmPath = llmPath;
  const prefix = stringLength(llmPath + L.LLM_PATH_PATH);
  const endpoint = facts.path + prefix;
  const length = facts.pathLength - prefix;
  if (readEndpoint(endpoint, length)) return decideEndpoint(image);
  const models = asciiLength(MODELS);
  if (length < models || !bytesEqual(endpoint, MODELS, models)) return V.ENDPOINT_NOT_FOUND;
  if (length == models) return isMethod(GET) ? V.ANSWER_MODELS : methodNotAllowed(GET);
  if (load<u8>(endpoint + models) != SLASH) return V.ENDPOINT_NOT_FOUND;
  return isMethod(GET)
    ? decideModelEntry(image, endpoint + models + 1, length - models - 1)
    : methodNotAllowed(GET);
}

/** The endpoint in `target`. */
function decideEndpoint(image: usize): u32 {
  if (!isMethodIn(target.allow)) return methodNotAllowed(target.allow);
  if (target.endpoint == ENDPOINT_RESPONSE_ITEM) return decideResponseItem(image);
  if (target.model != 0 && !isPathModel(target.model, target.modelLength)) return V.MODEL_MALFORMED;
  if (isModelNamedElsewhere()) return V.MODEL_AMBIGUOUS;
  if (facts.isEncoded) return V.BODY_ENCODED;
  if (facts.contentTypeCount != 1) return V.BODY_TYPE;
  const isForm = target.body == BODY_FORM && isFormType(facts.contentType, facts.contentTypeLength);
  if (!isForm && !isJsonType(facts.contentType, facts.contentTypeLength)) return V.BODY_TYPE;
  if (facts.contentLength > <u64>maxBodyBytes(image)) return V.BODY_TOO_LARGE;
  outcome.isForm = isForm;
  return V.AWAIT_BODY;
}

/** Whose response it is cannot be told from an id, so only a route that says that it shares them serves it. */
function decideResponseItem(image: usize): u32 {
  const route = sharedRoute(image, outcome.llmPath, outcome.consumer);
  if (route == 0) return V.STORED_NOT_ALLOWED;
  outcome.route = route;
  outcome.grant = findGrant(image, outcome.consumer, route);
  return V.ADMIT;
}

function decideModelEntry(image: usize, id: usize, length: usize): u32 {
  if (!isListed(image, outcome.llmPath, outcome.consumer, id, length)) return V.MODEL_NOT_FOUND;
  outcome.model = id;
  outcome.modelLength = length;
  return V.ANSWER_MODEL;
}
