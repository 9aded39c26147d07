// What is taken for tokens that no provider has counted. Meant to be rather too much than too little, and never nothing.

import { Stream } from '../streams';
import { draws, generates, hears, isFree, speaks } from './endpoint-traits';
import { FORM_EVENTS, FORM_JSON, FORM_OPAQUE, BROKEN, HAS_DATA, UsageState } from './state';

/** Text of most languages has at least this many bytes per token. */
const TEXT_BYTES: u64 = 4;
/** A token of audio stands for a tenth of a second of input, which even dense codecs write in this many bytes. */
const INPUT_AUDIO_BYTES: u64 = 200;
/** And for a twentieth of a second of output. */
const OUTPUT_AUDIO_BYTES: u64 = 200;
/** https://platform.openai.com/docs/guides/realtime-costs: a token of input is 100 ms. */
export const TOKENS_PER_SECOND: u64 = 10;
/** A square image of medium quality. https://platform.openai.com/docs/guides/image-generation */
const IMAGE_TOKENS: u64 = 1056;
const HUGE: u64 = 100_000_000;
/** Output of an answer that nobody sees, when the client sets no limit. */
const USUAL_OUTPUT: u32 = 4096;

function tokens(bytes: u64, perToken: u64): u32 {
  return <u32>min((bytes + perToken - 1) / perToken, HUGE);
}

/** Tokens of input, from the size of the request: at least 1, for calls that are free 0. */
export function inputEstimate(stream: Stream): u32 {
  if (isFree(stream.endpoint)) return 0;
  return max<u32>(tokens(stream.bodyBytes, hears(stream.endpoint) ? INPUT_AUDIO_BYTES : TEXT_BYTES), 1);
}

/** Tokens of output in what has come of the response: 0 while nothing has. */
export function outputEstimate(state: UsageState): u32 {
  const endpoint = state.endpoint;
  if (!generates(endpoint)) return 0;
  if (isUnread(state)) {
    return tokens(state.bytes, speaks(endpoint) ? OUTPUT_AUDIO_BYTES : TEXT_BYTES);
  }
  if (draws(endpoint)) return <u32>min(<u64>state.contentEvents * IMAGE_TOKENS, HUGE);
  return max(tokens(state.contentBytes, TEXT_BYTES), state.contentEvents);
}

/** Tokens of output of an answer that will only be there later. */
export function mostOutput(stream: Stream): u32 {
  return stream.maxTokens != 0 ? min<u32>(stream.maxTokens, <u32>HUGE) : USUAL_OUTPUT;
}

/** Whether nothing but the number of bytes is known of the response. */
function isUnread(state: UsageState): bool {
  if (state.form == FORM_OPAQUE) return true;
  if (state.form == FORM_JSON) return (state.flags & BROKEN) != 0;
  return state.form == FORM_EVENTS && (state.flags & HAS_DATA) == 0;
}
