// Paths below an LLM route's own whose body names a model.

import { ascii, asciiLength } from '../../policy/assembly/ascii';
import { bytesEqual } from '../../policy/assembly/bytes';

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
