import type { BodyCall, PathModel } from './call.js';
import { headerValues, refuse, type Refusal, type RequestFacts } from './facts.js';
import { callOfForm } from './form-call.js';
import { callOfJson } from './json-call.js';
import { Malformed, readJsonObject } from './json-tree.js';

const DIGITS = /^[0-9]+$/;
const MAX_MODEL_BYTES = 256;
const CONTROL = /[\u0000-\u001f\u007f]/;
const LONE_SURROGATE = /\p{Surrogate}/u;

/** A call whose body names its model, or whose path does. */
export interface NamedCall {
  readonly call: BodyCall;
  readonly model: string;
  /** The body is multipart/form-data, else JSON. */
  readonly isForm: boolean;
}

/** What the body of a request to an LLM endpoint says, or why it cannot be relied on. */
export function callOfBody(
  facts: RequestFacts,
  maxBodyBytes: number,
  endpoint: { readonly takesForms: boolean; readonly pathModel: PathModel | null },
): NamedCall | Refusal {
  const encodings = headerValues(facts, 'content-encoding');
  if (encodings.some((value) => value.toLowerCase() !== 'identity')) return refuse('body-encoded');
  const [type, ...otherTypes] = headerValues(facts, 'content-type');
  if (type === undefined || otherTypes.length > 0) return refuse('body-type');
  const boundary = endpoint.takesForms ? boundaryOf(type) : null;
  if (boundary === null && !isJson(type)) return refuse('body-type');
  const lengths = headerValues(facts, 'content-length').filter((value) => DIGITS.test(value));
  if (lengths.some((value) => BigInt(value) > maxBodyBytes)) return refuse('body-too-large');

  const body = Buffer.concat(facts.body).subarray(0, maxBodyBytes + 1);
  const read = readOrMalformed(() =>
    boundary === null
      ? callOfJson(readJsonObject(body), endpoint.pathModel)
      : callOfForm(body, boundary, endpoint.pathModel),
  );
  const malformedAt = read instanceof Malformed ? read.at : Infinity;
  // Piece by piece, as it arrives: a piece that makes it too large is not read any more.
  let arrived = 0;
  for (const piece of facts.body) {
    arrived += piece.length;
    if (arrived > maxBodyBytes) return refuse('body-too-large');
    if (malformedAt <= arrived) return refuse('body-malformed');
  }
  if (read instanceof Malformed) return refuse('body-malformed');
  if (read.isAmbiguous) return refuse('model-ambiguous');
  if (read.model === null) return refuse('model-missing');
  if (read.isUnusable || !isModelName(read.model)) return refuse('model-malformed');
  return { call: read, model: read.model, isForm: boundary !== null };
}

function readOrMalformed(read: () => BodyCall): BodyCall | Malformed {
  try {
    return read();
  } catch (error) {
    if (error instanceof Malformed) return error;
    throw error;
  }
}

function isModelName(model: string): boolean {
  const bytes = Buffer.byteLength(model);
  return bytes > 0 && bytes <= MAX_MODEL_BYTES && !CONTROL.test(model) && !LONE_SURROGATE.test(model);
}

/** `application/json` with any parameters, of which `charset` must be `utf-8`; in any case, quoted or not. */
function isJson(value: string): boolean {
  const [type = '', ...parameters] = value.toLowerCase().split(';').map(trimmed);
  if (type !== 'application/json') return false;
  return parameters.every((parameter) => {
    const equals = parameter.indexOf('=');
    if (trimmed(equals < 0 ? parameter : parameter.slice(0, equals)) !== 'charset') return true;
    const charset = equals < 0 ? '' : trimmed(parameter.slice(equals + 1));
    return charset === 'utf-8' || charset === '"utf-8"';
  });
}

const TOKEN_BOUNDARY = /^[-0-9A-Za-z'+._]{1,70}$/;
const QUOTED_BOUNDARY = /^"([-0-9A-Za-z'()+,./:=?_]{1,70})"$/;

/** The boundary of a `multipart/form-data` type that says nothing else but, perhaps, that it is in UTF-8. */
function boundaryOf(value: string): string | null {
  const [type = '', ...parameters] = value.split(';').map(trimmed);
  if (type.toLowerCase() !== 'multipart/form-data') return null;
  let boundary: string | null = null;
  for (const parameter of parameters) {
    const [, name = '', text = ''] = /^([^=]*[^=\t ])=(.*)$/s.exec(parameter) ?? [];
    if (name.toLowerCase() === 'boundary') {
      const [token] = TOKEN_BOUNDARY.exec(text) ?? [];
      const found = token ?? QUOTED_BOUNDARY.exec(text)?.[1];
      if (boundary !== null || found === undefined) return null;
      boundary = found;
    } else if (name.toLowerCase() !== 'charset' || !/^("utf-8"|utf-8)$/i.test(trimmed(text))) {
      return null;
    }
  }
  return boundary;
}

function trimmed(text: string): string {
  return text.replace(/^[ \t]+|[ \t]+$/g, '');
}
