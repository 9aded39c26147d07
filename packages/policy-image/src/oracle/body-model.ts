import { headerValues, refuse, type Refusal, type RequestFacts } from './facts.js';
import { scanBody } from './json-model.js';

const DIGITS = /^[0-9]+$/;

/** The model that the body of a request to an LLM endpoint names, or why there is none to rely on. */
export function modelOfBody(facts: RequestFacts, maxBodyBytes: number): { readonly model: string } | Refusal {
  const encodings = headerValues(facts, 'content-encoding');
  if (encodings.some((value) => value.toLowerCase() !== 'identity')) return refuse('body-encoded');
  const types = headerValues(facts, 'content-type');
  if (types.length !== 1 || !types.every(isJson)) return refuse('body-type');
  const lengths = headerValues(facts, 'content-length').filter((value) => DIGITS.test(value));
  if (lengths.some((value) => BigInt(value) > maxBodyBytes)) return refuse('body-too-large');

  const body = Buffer.concat(facts.body);
  const scanned = scanBody(body.subarray(0, maxBodyBytes + 1));
  const malformedAt = scanned.kind === 'malformed' ? scanned.at : Infinity;
  // Piece by piece, as it arrives: a piece that makes it too large is not read any more.
  let arrived = 0;
  for (const piece of facts.body) {
    arrived += piece.length;
    if (arrived > maxBodyBytes) return refuse('body-too-large');
    if (malformedAt <= arrived) return refuse('body-malformed');
  }
  switch (scanned.kind) {
    case 'malformed':
      return refuse('body-malformed');
    case 'ambiguous':
      return refuse('model-ambiguous');
    case 'missing':
      return refuse('model-missing');
    case 'unusable':
      return refuse('model-malformed');
    case 'model':
      return { model: scanned.model };
  }
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

function trimmed(text: string): string {
  return text.replace(/^[ \t]+|[ \t]+$/g, '');
}
