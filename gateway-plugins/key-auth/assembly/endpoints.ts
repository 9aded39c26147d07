// What the paths below an LLM route's own stand for, and the model that some of them name.

import { ascii, asciiLength } from '../../policy/assembly/ascii';
import { bytesEqual, findByte } from '../../policy/assembly/bytes';
import { MODEL_MAX } from './scan-state';

/** What kind of call a request is. 0: none of a model. */
export const ENDPOINT_CHAT: u32 = 1;
export const ENDPOINT_COMPLETIONS: u32 = 2;
export const ENDPOINT_RESPONSES: u32 = 3;
export const ENDPOINT_EMBEDDINGS: u32 = 4;
export const ENDPOINT_MESSAGES: u32 = 5;
/** Anthropic's `messages/count_tokens`. */
export const ENDPOINT_COUNT_TOKENS: u32 = 6;
export const ENDPOINT_RERANK: u32 = 7;
export const ENDPOINT_MODERATIONS: u32 = 8;
export const ENDPOINT_IMAGES: u32 = 9;
export const ENDPOINT_SPEECH: u32 = 10;
export const ENDPOINT_TRANSCRIPTIONS: u32 = 11;
export const ENDPOINT_TRANSLATIONS: u32 = 12;
export const ENDPOINT_GEMINI_GENERATE: u32 = 13;
export const ENDPOINT_GEMINI_STREAM: u32 = 14;
export const ENDPOINT_GEMINI_COUNT: u32 = 15;
/** `embedContent` and `batchEmbedContents`. */
export const ENDPOINT_GEMINI_EMBED: u32 = 16;
/** A stored response by its id: read, deleted, cancelled, or its input listed. */
export const ENDPOINT_RESPONSE_ITEM: u32 = 17;
export const ENDPOINT_IMAGE_EDITS: u32 = 18;
export const ENDPOINT_IMAGE_VARIATIONS: u32 = 19;
/** OpenAI's `responses/input_tokens`. */
export const ENDPOINT_INPUT_TOKENS: u32 = 20;

// What the body of a request may be.
export const BODY_NONE: u32 = 0;
export const BODY_JSON: u32 = 1;
/** multipart/form-data, or JSON. */
export const BODY_FORM: u32 = 2;

const ENTRY: u32 = 12;
const table: usize = memory.data(180, 8);
let entries: u32 = 0;

function enter(path: string, endpoint: u32, body: u32): void {
  const at = table + entries++ * ENTRY;
  store<usize>(at, ascii(path));
  store<u32>(at + 4, endpoint);
  store<u32>(at + 8, body);
}

function fillTable(): u32 {
  enter('/chat/completions', ENDPOINT_CHAT, BODY_JSON);
  enter('/embeddings', ENDPOINT_EMBEDDINGS, BODY_JSON);
  enter('/completions', ENDPOINT_COMPLETIONS, BODY_JSON);
  enter('/images/generations', ENDPOINT_IMAGES, BODY_JSON);
  enter('/images/edits', ENDPOINT_IMAGE_EDITS, BODY_FORM);
  enter('/audio/speech', ENDPOINT_SPEECH, BODY_JSON);
  enter('/audio/transcriptions', ENDPOINT_TRANSCRIPTIONS, BODY_FORM);
  enter('/audio/translations', ENDPOINT_TRANSLATIONS, BODY_FORM);
  const ofDeployments = entries;
  enter('/messages', ENDPOINT_MESSAGES, BODY_JSON);
  enter('/responses', ENDPOINT_RESPONSES, BODY_JSON);
  enter('/messages/count_tokens', ENDPOINT_COUNT_TOKENS, BODY_JSON);
  enter('/responses/input_tokens', ENDPOINT_INPUT_TOKENS, BODY_JSON);
  enter('/rerank', ENDPOINT_RERANK, BODY_JSON);
  enter('/moderations', ENDPOINT_MODERATIONS, BODY_JSON);
  enter('/images/variations', ENDPOINT_IMAGE_VARIATIONS, BODY_FORM);
  return ofDeployments;
}
/** The first entries are those that Azure also has below a deployment. */
const deploymentEntries: u32 = fillTable();

const DEPLOYMENTS = ascii('/deployments/');
const MODELS = ascii('/models/');
const RESPONSES = ascii('/responses/');
const CANCEL = ascii('/cancel');
const INPUT_ITEMS = ascii('/input_items');
const GENERATE_CONTENT = ascii('generateContent');
const STREAM_GENERATE_CONTENT = ascii('streamGenerateContent');
const COUNT_TOKENS = ascii('countTokens');
const EMBED_CONTENT = ascii('embedContent');
const BATCH_EMBED_CONTENTS = ascii('batchEmbedContents');
const GET = ascii('GET');
const POST = ascii('POST');
const GET_DELETE = ascii('GET, DELETE');

const SLASH: u32 = 0x2f;
const COLON: u32 = 0x3a;
const PERCENT: u32 = 0x25;
const HASH: u32 = 0x23;
const RESPONSE_ID_MAX: usize = 128;

/** What a path stands for. */
@unmanaged
export class Target {
  endpoint: u32;
  /** One of BODY_*. */
  body: u32;
  /** Methods, as `ascii` made them. */
  allow: usize;
  /** The model's name in the path, or 0. */
  model: usize;
  modelLength: usize;
  /** A body may name the model with `models/` before it. */
  hasResourceNames: bool;
}

/** Filled by readEndpoint(). */
export const target: Target = changetype<Target>(memory.data(32, 8));

function is(text: usize, length: usize, known: usize): bool {
  return asciiLength(known) == length && bytesEqual(text, known, length);
}

function startsWith(text: usize, length: usize, known: usize): bool {
  return length >= asciiLength(known) && bytesEqual(text, known, asciiLength(known));
}

/** Learns what the rest of a path after the LLM path stands for; false when it is nothing that is served. */
export function readEndpoint(rest: usize, length: usize): bool {
  memory.fill(changetype<usize>(target), 0, offsetof<Target>());
  target.allow = POST;
  if (lookUp(rest, length, entries)) return true;
  if (startsWith(rest, length, DEPLOYMENTS)) return readDeployment(rest, length);
  if (startsWith(rest, length, MODELS)) return readModelAction(rest, length);
  return startsWith(rest, length, RESPONSES) && readResponseItem(rest, length);
}

function lookUp(rest: usize, length: usize, count: u32): bool {
  for (let at = table; at < table + count * ENTRY; at += ENTRY) {
    if (!is(rest, length, load<usize>(at))) continue;
    target.endpoint = load<u32>(at + 4);
    target.body = load<u32>(at + 8);
    return true;
  }
  return false;
}

/** Azure: `/deployments/<model>/chat/completions`. */
function readDeployment(rest: usize, length: usize): bool {
  const model = rest + asciiLength(DEPLOYMENTS);
  const end = rest + length;
  const slash = findByte(model, end, SLASH);
  if (!lookUp(slash, end - slash, deploymentEntries)) return false;
  target.model = model;
  target.modelLength = slash - model;
  return true;
}

/** Gemini: `/models/<model>:generateContent`; the name may itself have colons. */
function readModelAction(rest: usize, length: usize): bool {
  const model = rest + asciiLength(MODELS);
  const end = rest + length;
  let colon = end;
  while (colon > model && load<u8>(colon - 1) != COLON) colon--;
  const action = colon;
  const actionLength = end - action;
  if (is(action, actionLength, GENERATE_CONTENT)) target.endpoint = ENDPOINT_GEMINI_GENERATE;
  else if (is(action, actionLength, STREAM_GENERATE_CONTENT)) target.endpoint = ENDPOINT_GEMINI_STREAM;
  else if (is(action, actionLength, COUNT_TOKENS)) target.endpoint = ENDPOINT_GEMINI_COUNT;
  else if (is(action, actionLength, EMBED_CONTENT) || is(action, actionLength, BATCH_EMBED_CONTENTS)) {
    target.endpoint = ENDPOINT_GEMINI_EMBED;
  } else {
    return false;
  }
  if (colon == model || findByte(model, colon, SLASH) != colon) return false;
  target.body = BODY_JSON;
  target.model = model;
  target.modelLength = colon - 1 - model;
  target.hasResourceNames = true;
  return true;
}

/** OpenAI: `/responses/<id>`, with `/cancel` or `/input_items` after it. */
function readResponseItem(rest: usize, length: usize): bool {
  const id = rest + asciiLength(RESPONSES);
  const end = rest + length;
  const slash = findByte(id, end, SLASH);
  if (slash == id || slash - id > RESPONSE_ID_MAX) return false;
  for (let at = id; at < slash; at++) {
    const byte: u32 = load<u8>(at);
    if (byte - 0x30 > 9 && (byte | 0x20) - 0x61 > 25 && byte != 0x5f && byte != 0x2d) return false;
  }
  target.endpoint = ENDPOINT_RESPONSE_ITEM;
  if (slash == end) target.allow = GET_DELETE;
  else if (is(slash, end - slash, INPUT_ITEMS)) target.allow = GET;
  else return is(slash, end - slash, CANCEL);
  return true;
}

/**
 * Whether a name in a path can be read in one way only: an escaped one might be decoded, once or twice, and whatever
 * follows a `#` might be left out.
 */
export function isPathModel(model: usize, length: usize): bool {
  if (length == 0 || length > MODEL_MAX) return false;
  for (let i: usize = 0; i < length; i++) {
    const byte: u32 = load<u8>(model + i);
    if (byte == PERCENT || byte == HASH) return false;
  }
  return true;
}

/** Whether a call of this kind streams if its body says so and asks for usage by `stream_options`. */
export function takesStreamOptions(endpoint: u32): bool {
  return endpoint == ENDPOINT_CHAT || endpoint == ENDPOINT_COMPLETIONS;
}
