// From what was read of a response to the tokens of the call.

import { ENDPOINT_MESSAGES } from '../endpoints';
import { Stream, usageOf } from '../streams';
import { generates, isFree } from './endpoint-traits';
import { inputEstimate, mostOutput, outputEstimate, TOKENS_PER_SECOND } from './estimate';
import * as F from './fields';
import { CUT, ENDED, FAILED, FINISHED, FORM_EVENTS, givenOf, PENDING, UsageState } from './state';

/** How a call ended. */
const OUTCOME_COMPLETED: u32 = 0;
/** Its client or its upstream broke it off. */
const OUTCOME_ABORTED: u32 = 1;
/** The answer is an error. */
const OUTCOME_FAILED: u32 = 2;
/** The gateway ended it. */
const OUTCOME_CUT: u32 = 3;

@unmanaged
export class FinalUsage {
  /** Includes cached input and cache writes. */
  input: u32;
  cachedInput: u32;
  cacheWrite: u32;
  /** Includes reasoning. */
  output: u32;
  reasoning: u32;
  /** Any number is the gateway's, not the provider's. */
  estimated: bool;
  /** One of OUTCOME_*. */
  outcome: u32;
}

const final: FinalUsage = changetype<FinalUsage>(memory.data(32, 8));

/**
 * Tokens of a call whose stream is over. `status` is that of the response, 0 when none began. Valid until the next call.
 */
export function usageAtEnd(stream: Stream, status: u32): FinalUsage {
  const state = changetype<UsageState>(usageOf(stream));
  memory.fill(changetype<usize>(final), 0, offsetof<FinalUsage>());
  final.outcome = outcomeOf(state, status);
  if (isFree(stream.endpoint) || (status != 0 && !isSuccess(status))) return final;
  const isRead = state.given != 0;
  if (final.outcome == OUTCOME_FAILED && !isRead && outputEstimate(state) == 0) return final;
  if (state.givenBad != 0) final.estimated = true;
  takeInput(state);
  takeOutput(state);
  if (final.input == 0) estimateInput(stream, state);
  if (generates(stream.endpoint)) completeOutput(stream, state);
  return final;
}

function isSuccess(status: u32): bool {
  return status >= 200 && status < 300;
}

function outcomeOf(state: UsageState, status: u32): u32 {
  if ((state.flags & CUT) != 0) return OUTCOME_CUT;
  if (status == 0) return OUTCOME_ABORTED;
  if (!isSuccess(status) || (state.flags & FAILED) != 0) return OUTCOME_FAILED;
  return (state.flags & (ENDED | FINISHED)) != 0 ? OUTCOME_COMPLETED : OUTCOME_ABORTED;
}

function has(state: UsageState, field: u32): bool {
  return (state.given & (1 << field)) != 0;
}

/** The count of a field; 0 when it was not given. */
function countOf(state: UsageState, field: u32): u32 {
  return has(state, field) ? load<u32>(givenOf(state) + (field << 2)) : 0;
}

function takeInput(state: UsageState): void {
  const creation = has(state, F.FIELD_CACHE_CREATION)
    ? countOf(state, F.FIELD_CACHE_CREATION)
    : countOf(state, F.FIELD_CACHE_5M) + countOf(state, F.FIELD_CACHE_1H);
  const hit = max(countOf(state, F.FIELD_CACHED), countOf(state, F.FIELD_CACHE_HIT));
  final.cachedInput = max(hit, countOf(state, F.FIELD_CACHE_READ));
  final.cacheWrite = max(countOf(state, F.FIELD_CACHE_WRITE), creation);
  if (has(state, F.FIELD_PROMPT)) {
    final.input = countOf(state, F.FIELD_PROMPT) + countOf(state, F.FIELD_TOOL_PROMPT);
  } else if (has(state, F.FIELD_INPUT)) {
    // Anthropic counts apart what is new, what is read from the cache and what is written to it.
    final.input = countOf(state, F.FIELD_INPUT) + countOf(state, F.FIELD_CACHE_READ) + creation;
  } else if (has(state, F.FIELD_CACHE_MISS)) {
    final.input = hit + countOf(state, F.FIELD_CACHE_MISS);
  } else if (has(state, F.FIELD_TOTAL)) {
    final.input = inputOfTotal(state);
  }
  if (final.cachedInput + final.cacheWrite > final.input && final.input != 0) {
    // More is from the cache than there is: the provider has counted the cache apart.
    final.input += final.cachedInput + final.cacheWrite;
    final.estimated = true;
  }
}

/** Input where only a total is given: all of it, or what is left when the output is known too. */
function inputOfTotal(state: UsageState): u32 {
  const total = countOf(state, F.FIELD_TOTAL);
  if (!generates(state.endpoint)) return total;
  const output = namedOutput(state);
  return output < total && hasOutput(state) ? total - output : 0;
}

function hasOutput(state: UsageState): bool {
  return has(state, F.FIELD_COMPLETION) || has(state, F.FIELD_OUTPUT) || has(state, F.FIELD_THOUGHTS);
}

function namedOutput(state: UsageState): u32 {
  const base = has(state, F.FIELD_COMPLETION)
    ? countOf(state, F.FIELD_COMPLETION)
    : countOf(state, F.FIELD_OUTPUT);
  return base + countOf(state, F.FIELD_THOUGHTS);
}

function takeOutput(state: UsageState): void {
  if (!generates(state.endpoint)) return;
  final.output = namedOutput(state);
  final.reasoning = max(countOf(state, F.FIELD_REASONING), countOf(state, F.FIELD_THOUGHTS));
  const total = countOf(state, F.FIELD_TOTAL);
  if (final.input != 0 && total > final.input + final.output) {
    // What a total has beyond its parts is output that was not named: reasoning of xAI, thoughts of Gemini.
    final.output = total - final.input;
  }
  if (final.reasoning > final.output) {
    // More reasoning than output: it was counted apart, and no total says so.
    final.output += final.reasoning;
    final.estimated = true;
  }
}

function estimateInput(stream: Stream, state: UsageState): void {
  final.estimated = true;
  final.cachedInput = 0;
  final.cacheWrite = 0;
  const total = countOf(state, F.FIELD_TOTAL);
  const seconds = countOf(state, F.FIELD_SECONDS);
  if (seconds != 0) final.input = <u32>min(<u64>seconds * TOKENS_PER_SECOND, F.COUNT_MAX);
  else if (total != 0) final.input = splitTotal(stream, state, total);
  else final.input = inputEstimate(stream);
}

/** A total alone: what is not output must be input, and there is some. */
function splitTotal(stream: Stream, state: UsageState, total: u32): u32 {
  final.output = max<u32>(max(final.output, outputEstimate(state)), 1);
  return total > final.output ? total - final.output : inputEstimate(stream);
}

/** Fills in output that the provider does not name, or did not come to name. */
function completeOutput(stream: Stream, state: UsageState): void {
  const estimate = (state.flags & PENDING) != 0 ? mostOutput(stream) : outputEstimate(state);
  const isTold = hasOutput(state) || hasWholeAndInput(state);
  if (isWhole(state) && isTold && (final.output != 0 || estimate == 0)) return;
  final.estimated = true;
  final.output = max(final.output, estimate);
  // An answer costs something, whatever is in it.
  if (isWhole(state)) final.output = max<u32>(final.output, 1);
}

/** Whether output follows from the total. */
function hasWholeAndInput(state: UsageState): bool {
  return has(state, F.FIELD_TOTAL) && (has(state, F.FIELD_PROMPT) || has(state, F.FIELD_INPUT));
}

/** Whether what the provider has counted is all that there is to count. */
function isWhole(state: UsageState): bool {
  if ((state.flags & FINISHED) != 0) return true;
  // Anthropic names output at the start, before there is any.
  const isPreliminary = state.endpoint == ENDPOINT_MESSAGES && state.form == FORM_EVENTS;
  return (state.flags & (ENDED | FAILED)) == ENDED && !isPreliminary;
}
