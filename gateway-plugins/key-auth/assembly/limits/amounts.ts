// What a stream needs of each meter now: before it is forwarded, or for the next piece of its output.

import * as L from '../../../../packages/policy-image/src/layout';
import { generates } from '../usage/endpoint-traits';
import { estimatedInput, outputSoFar } from '../usage/progress';
import { CALL_STREAMING, holdOf, Stream } from '../streams';
import { ENDPOINT_GEMINI_STREAM } from '../endpoints';
import { HOLD_INPUT_PRICE, HOLD_OUTPUT, HOLD_OUTPUT_PRICE, isMoneyMeter, isTokenMeter } from './hold';
import { addSaturating, multiplySaturating } from './saturating';

/** Output tokens that a stream reserves at a time. */
export const QUANTUM: u64 = 512;
/** Output tokens reserved for an answer in one piece whose length the client does not limit. */
const WHOLE_OUTPUT: u64 = 4096;

/** Set by the functions below: tokens and pico-USD; the requests are one or none. */
export let needRequests: u64 = 0;
export let needTokens: u64 = 0;
export let needPico: u64 = 0;
/** Output tokens among them. */
export let needOutput: u64 = 0;

export function isStreaming(stream: Stream): bool {
  return (stream.callFlags & CALL_STREAMING) != 0 || stream.endpoint == ENDPOINT_GEMINI_STREAM;
}

function firstOutput(stream: Stream): u64 {
  if (!generates(stream.endpoint)) return 0;
  if (isStreaming(stream)) return QUANTUM;
  return stream.maxTokens != 0 ? stream.maxTokens : WHOLE_OUTPUT;
}

/** What it needs before it may be forwarded; its prices must be in its hold. */
export function needAtStart(stream: Stream): void {
  const hold = holdOf(stream);
  needRequests = 1;
  needOutput = 0;
  needTokens = 0;
  needPico = 0;
  if (stream.endpoint == 0) return;
  const input: u64 = estimatedInput(stream);
  if (input == 0) return;
  needOutput = firstOutput(stream);
  needTokens = addSaturating(input, needOutput);
  needPico = addSaturating(
    multiplySaturating(input, load<u64>(hold + HOLD_INPUT_PRICE)),
    multiplySaturating(needOutput, load<u64>(hold + HOLD_OUTPUT_PRICE)),
  );
}

/** What it needs so that half a quantum is left beyond its output so far; false: nothing. */
export function needToGoOn(stream: Stream): bool {
  const hold = holdOf(stream);
  const covered = load<u64>(hold + HOLD_OUTPUT);
  const wanted = <u64>outputSoFar(stream) + QUANTUM / 2;
  if (wanted <= covered) return false;
  needRequests = 0;
  needOutput = ((wanted - covered + QUANTUM - 1) / QUANTUM) * QUANTUM;
  needTokens = needOutput;
  needPico = multiplySaturating(needOutput, load<u64>(hold + HOLD_OUTPUT_PRICE));
  return true;
}

/** The part of it that this meter counts. */
export function needOf(meter: u32): u64 {
  if (isTokenMeter(meter)) return needTokens;
  if (isMoneyMeter(meter)) return needPico;
  return meter == <u32>L.METER_REQUESTS_MINUTE ? needRequests : 0;
}
