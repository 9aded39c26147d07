// What a kind of call consumes, and what it is called in usage records.

import { ascii } from '../../../policy/assembly/ascii';
import * as E from '../endpoints';

/** It makes output that is charged. */
const GENERATES: u32 = 1;
/** It is free: nothing is counted. */
const FREE: u32 = 2;
/** Its request is mostly audio. */
const HEARS: u32 = 4;
/** Its answer is mostly audio. */
const SPEAKS: u32 = 8;
/** Its answer is images. */
const DRAWS: u32 = 16;

const TRAITS: StaticArray<u32> = new StaticArray<u32>(E.ENDPOINT_INPUT_TOKENS + 1);
const NAMES: StaticArray<usize> = new StaticArray<usize>(E.ENDPOINT_INPUT_TOKENS + 1);
const UNKNOWN = ascii('unknown');

function is(endpoint: u32, name: string, traits: u32): void {
  NAMES[endpoint] = ascii(name);
  TRAITS[endpoint] = traits;
}

is(E.ENDPOINT_CHAT, 'chat', GENERATES);
is(E.ENDPOINT_COMPLETIONS, 'completions', GENERATES);
is(E.ENDPOINT_RESPONSES, 'responses', GENERATES);
is(E.ENDPOINT_EMBEDDINGS, 'embeddings', 0);
is(E.ENDPOINT_MESSAGES, 'messages', GENERATES);
is(E.ENDPOINT_COUNT_TOKENS, 'count_tokens', FREE);
is(E.ENDPOINT_RERANK, 'rerank', 0);
is(E.ENDPOINT_MODERATIONS, 'moderations', 0);
is(E.ENDPOINT_IMAGES, 'images', GENERATES | DRAWS);
is(E.ENDPOINT_SPEECH, 'speech', GENERATES | SPEAKS);
is(E.ENDPOINT_TRANSCRIPTIONS, 'transcriptions', GENERATES | HEARS);
is(E.ENDPOINT_TRANSLATIONS, 'translations', GENERATES | HEARS);
is(E.ENDPOINT_GEMINI_GENERATE, 'gemini_generate', GENERATES);
is(E.ENDPOINT_GEMINI_STREAM, 'gemini_stream', GENERATES);
is(E.ENDPOINT_GEMINI_COUNT, 'gemini_count', FREE);
is(E.ENDPOINT_GEMINI_EMBED, 'gemini_embed', 0);
is(E.ENDPOINT_RESPONSE_ITEM, 'response_item', FREE);
is(E.ENDPOINT_IMAGE_EDITS, 'image_edits', GENERATES | DRAWS);
is(E.ENDPOINT_IMAGE_VARIATIONS, 'image_variations', GENERATES | DRAWS);
is(E.ENDPOINT_INPUT_TOKENS, 'input_tokens', FREE);

function has(endpoint: u32, trait: u32): bool {
  return endpoint < <u32>TRAITS.length && (TRAITS[endpoint] & trait) != 0;
}

/** Name of the endpoint in usage records, as `ascii` makes it. */
export function endpointName(endpoint: u32): usize {
  const name = endpoint < <u32>NAMES.length ? NAMES[endpoint] : 0;
  return name == 0 ? UNKNOWN : name;
}

export function generates(endpoint: u32): bool {
  return has(endpoint, GENERATES);
}

export function isFree(endpoint: u32): bool {
  return has(endpoint, FREE);
}

export function hears(endpoint: u32): bool {
  return has(endpoint, HEARS);
}

export function speaks(endpoint: u32): bool {
  return has(endpoint, SPEAKS);
}

export function draws(endpoint: u32): bool {
  return has(endpoint, DRAWS);
}
