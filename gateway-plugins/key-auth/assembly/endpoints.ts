// Paths below an LLM route's own whose body names a model.

import { ascii, asciiLength } from '../../policy/assembly/ascii';
import { bytesEqual } from '../../policy/assembly/bytes';

/** What kind of call a request is. 0: none that names a model. */
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

const CHAT_COMPLETIONS = ascii('/chat/completions');
const COMPLETIONS = ascii('/completions');
const RESPONSES = ascii('/responses');
const EMBEDDINGS = ascii('/embeddings');
const RERANK = ascii('/rerank');
const MODERATIONS = ascii('/moderations');
const IMAGES_GENERATIONS = ascii('/images/generations');
const AUDIO_SPEECH = ascii('/audio/speech');
const MESSAGES = ascii('/messages');
const COUNT_TOKENS = ascii('/messages/count_tokens');

function is(endpoint: usize, length: usize, known: usize): bool {
  return asciiLength(known) == length && bytesEqual(endpoint, known, length);
}

export function isModelEndpoint(endpoint: usize, length: usize): bool {
  return (
    is(endpoint, length, CHAT_COMPLETIONS) ||
    is(endpoint, length, MESSAGES) ||
    is(endpoint, length, RESPONSES) ||
    is(endpoint, length, EMBEDDINGS) ||
    is(endpoint, length, COMPLETIONS) ||
    is(endpoint, length, COUNT_TOKENS) ||
    is(endpoint, length, RERANK) ||
    is(endpoint, length, MODERATIONS) ||
    is(endpoint, length, IMAGES_GENERATIONS) ||
    is(endpoint, length, AUDIO_SPEECH)
  );
}
