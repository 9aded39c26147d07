// What a stream needs of each meter now: before it is forwarded, or for the next piece of its output.

import * as L from '../../../../packages/policy-image/src/layout';
import { generates } from '../usage/endpoint-traits';
import { limitAt, limitCount } from '../lookup';
import { estimatedInput, outputSoFar } from '../usage/progress';
import { CALL_STREAMING, holdOf, Stream } from '../streams';
import { ENDPOINT_GEMINI_STREAM } from '../endpoints';
import { HOLD_INPUT_PRICE, HOLD_OUTPUT, HOLD_OUTPUT_PRICE, isMoneyMeter, isTokenMeter } from './hold';
import { addSaturating, lessBy, multiplySaturating } from './saturating';

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
/** Tokens and pico-USD of the input among them, and pico-USD of one token of output. */
let needInput: u64 = 0;
let needInputPico: u64 = 0;
let outputPrice: u64 = 0;
/** Nobody says how long the output can become. */
let isOpenEnded: bool = false;

export function isStreaming(stream: Stream): bool {
  return (stream.callFlags & CALL_STREAMING) != 0 || stream.endpoint == ENDPOINT_GEMINI_STREAM;
}

function firstOutput(stream: Stream): u64 {
  isOpenEnded = false;
  if (!generates(stream.endpoint)) return 0;
  if (isStreaming(stream)) return QUANTUM;
  isOpenEnded = stream.maxTokens == 0;
  return isOpenEnded ? WHOLE_OUTPUT : stream.maxTokens;
}

/** What it needs before it may be forwarded; its prices must be in its hold. */
export function needAtStart(stream: Stream): void {
  const hold = holdOf(stream);
  needRequests = 1;
  needInput = stream.endpoint == 0 ? 0 : estimatedInput(stream);
  needInputPico = multiplySaturating(needInput, load<u64>(hold + HOLD_INPUT_PRICE));
  outputPrice = load<u64>(hold + HOLD_OUTPUT_PRICE);
  setOutput(needInput == 0 ? 0 : firstOutput(stream));
}

function setOutput(output: u64): void {
  needOutput = output;
  needTokens = addSaturating(needInput, output);
  needPico = addSaturating(needInputPico, multiplySaturating(output, outputPrice));
}

/**
 * After needAtStart(): whether the call may make do with less output than it can give. That is so when its length is
 * only assumed, and when it would not fit into an unspent budget: otherwise most of a small budget could never be spent.
 */
export function mayShrink(image: usize, consumer: usize): bool {
  if (needOutput <= 1) return false;
  const count = limitCount(image, consumer);
  for (let i: u32 = 0; i < count; i++) {
    const limit = limitAt(image, consumer, i);
    if (needOf(load<u32>(limit + L.LIMIT_METER)) > load<u64>(limit + L.LIMIT_CAP)) return true;
  }
  return isOpenEnded;
}

/**
 * Takes so much output that the call fits into what this meter has left, but at least one token. While such a call
 * runs it holds all that is left, so no more than one at a time can use more than was left.
 */
export function shrinkTo(meter: u32, left: u64): void {
  if (isTokenMeter(meter)) setOutput(max(min(needOutput, lessBy(left, needInput)), 1));
  else if (isMoneyMeter(meter) && outputPrice != 0)
    setOutput(max(min(needOutput, lessBy(left, needInputPico) / outputPrice), 1));
}

/** The least with which it goes on. */
export function shrinkToLeast(): void {
  setOutput(1);
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
