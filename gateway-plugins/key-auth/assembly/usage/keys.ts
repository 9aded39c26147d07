// What the keys of a response mean, container by container. Everything that is not named here is skipped.

import { ascii, asciiLength } from '../../../policy/assembly/ascii';
import { bytesEqual } from '../../../policy/assembly/bytes';
import { ENDPOINT_RESPONSES } from '../endpoints';
import { draws } from './endpoint-traits';
import * as F from './fields';
import { RANK_BILLED, RANK_CHOICE, RANK_GROQ, RANK_TOKENS, RANK_TOP, RANK_WRAPPED } from './findings';
import { FORM_JSON, UsageState } from './state';

/** Kinds of containers; an array has the kind of its elements and KIND_ARRAY. 0: of no interest. */
export const KIND_DOCUMENT: u32 = 1;
/** Where usage may stand one level down: `response` of OpenAI, `message` of Anthropic, `x_groq`, `meta` of Cohere. */
const KIND_RESPONSE: u32 = 2;
const KIND_MESSAGE: u32 = 3;
const KIND_GROQ: u32 = 4;
const KIND_META: u32 = 5;
export const KIND_CHOICE: u32 = 6;
/** Usage of OpenAI, Anthropic and all who answer like them. */
const KIND_USAGE: u32 = 7;
const KIND_GEMINI: u32 = 8;
const KIND_INPUT_DETAILS: u32 = 9;
const KIND_OUTPUT_DETAILS: u32 = 10;
const KIND_CACHE_CREATION: u32 = 11;
/** What the model wrote, down to any depth. */
const KIND_CONTENT: u32 = 12;
export const KIND_IMAGE: u32 = 13;
export const KIND_ARRAY: u32 = 0x80;

/** A meaning: the kind that a container would have, MEANS_*, and a field or a rank above MEANS_SHIFT. */
export const MEANS_KIND: u32 = 0x7f;
/** A number is the count of a field. */
export const MEANS_COUNT: u32 = 0x100;
/** A string is text of the model. */
export const MEANS_TEXT: u32 = 0x200;
/** A container is text of the model, whatever is in it. */
export const MEANS_RAW: u32 = 0x400;
/** A string is the type of the event, or the status of the response. */
export const MEANS_TYPE: u32 = 0x800;
/** Anything but null and false is an error. */
export const MEANS_ERROR: u32 = 0x1000;
/** An object is usage of a rank. */
export const MEANS_USAGE: u32 = 0x2000;
/** Anything in it makes the document one with choices. */
export const MEANS_CHOICES: u32 = 0x4000;
export const MEANS_SHIFT: u32 = 16;

const CONTENT: u32 = KIND_CONTENT | MEANS_TEXT;
const RAW: u32 = MEANS_RAW | MEANS_TEXT;

function count(field: u32): u32 {
  return MEANS_COUNT | (field << MEANS_SHIFT);
}

function usage(kind: u32, rank: u32): u32 {
  return kind | MEANS_USAGE | (rank << MEANS_SHIFT);
}

const USAGE = ascii('usage');
const TYPE = ascii('type');
const TEXT = ascii('text');
const META = ascii('meta');
const DATA = ascii('data');
const DELTA = ascii('delta');
const ERROR = ascii('error');
const OUTPUT = ascii('output');
const STATUS = ascii('status');
const X_GROQ = ascii('x_groq');
const CHOICES = ascii('choices');
const MESSAGE = ascii('message');
const CONTENT_KEY = ascii('content');
const RESPONSE = ascii('response');
const CANDIDATES = ascii('candidates');
const CONTENT_BLOCK = ascii('content_block');
const USAGE_METADATA = ascii('usageMetadata');
const TOKENS = ascii('tokens');
const BILLED_UNITS = ascii('billed_units');

const SECONDS = ascii('seconds');
const TOTAL_TOKENS = ascii('total_tokens');
const INPUT_TOKENS = ascii('input_tokens');
const OUTPUT_TOKENS = ascii('output_tokens');
const PROMPT_TOKENS = ascii('prompt_tokens');
const CACHED_TOKENS = ascii('cached_tokens');
const CACHE_CREATION = ascii('cache_creation');
const REASONING_TOKENS = ascii('reasoning_tokens');
const COMPLETION_TOKENS = ascii('completion_tokens');
const INPUT_TOKENS_DETAILS = ascii('input_tokens_details');
const PROMPT_TOKENS_DETAILS = ascii('prompt_tokens_details');
const OUTPUT_TOKENS_DETAILS = ascii('output_tokens_details');
const CACHE_READ = ascii('cache_read_input_tokens');
const PROMPT_CACHE_HIT = ascii('prompt_cache_hit_tokens');
const PROMPT_CACHE_MISS = ascii('prompt_cache_miss_tokens');
const COMPLETION_TOKENS_DETAILS = ascii('completion_tokens_details');
const CACHE_CREATION_TOKENS = ascii('cache_creation_input_tokens');
const EPHEMERAL_5M = ascii('ephemeral_5m_input_tokens');
const EPHEMERAL_1H = ascii('ephemeral_1h_input_tokens');
const CACHE_WRITE = ascii('cache_write_tokens');
const DETAIL_CREATION = ascii('cache_creation_tokens');

const PROMPT_COUNT = ascii('promptTokenCount');
const CANDIDATES_COUNT = ascii('candidatesTokenCount');
const THOUGHTS_COUNT = ascii('thoughtsTokenCount');
const CACHED_COUNT = ascii('cachedContentTokenCount');
const TOOL_COUNT = ascii('toolUsePromptTokenCount');
const TOTAL_COUNT = ascii('totalTokenCount');

const ARGS = ascii('args');
const CODE = ascii('code');
const PARTS = ascii('parts');
const INPUT = ascii('input');
const SUMMARY = ascii('summary');
const REFUSAL = ascii('refusal');
const THINKING = ascii('thinking');
const FUNCTION = ascii('function');
const REASONING = ascii('reasoning');
const ARGUMENTS = ascii('arguments');
const TRANSCRIPT = ascii('transcript');
const TOOL_CALLS = ascii('tool_calls');
const PARTIAL_JSON = ascii('partial_json');
const FUNCTION_CALL = ascii('function_call');
const GEMINI_CALL = ascii('functionCall');
const REASONING_CONTENT = ascii('reasoning_content');

function is(key: usize, known: usize, length: usize): bool {
  return asciiLength(known) == length && bytesEqual(key, known, length);
}

/** What the value of a key means in a container of this kind. */
export function meaningOf(state: UsageState, kind: u32, key: usize, length: usize): u32 {
  switch (kind) {
    case KIND_DOCUMENT:
      return inDocument(state, key, length);
    case KIND_CHOICE:
      return inChoice(key, length);
    case KIND_CONTENT:
      return inContent(key, length);
    case KIND_USAGE:
      return inUsage(key, length);
    case KIND_GEMINI:
      return inGemini(key, length);
    case KIND_INPUT_DETAILS:
      return inInputDetails(key, length);
    case KIND_OUTPUT_DETAILS:
      return is(key, REASONING_TOKENS, length) ? count(F.FIELD_REASONING) : 0;
    case KIND_CACHE_CREATION:
      if (is(key, EPHEMERAL_5M, length)) return count(F.FIELD_CACHE_5M);
      return is(key, EPHEMERAL_1H, length) ? count(F.FIELD_CACHE_1H) : 0;
    case KIND_MESSAGE:
      if (is(key, CONTENT_KEY, length)) return CONTENT;
      return is(key, USAGE, length) ? usage(KIND_USAGE, RANK_WRAPPED) : 0;
    case KIND_RESPONSE:
      if (is(key, ERROR, length)) return MEANS_ERROR;
      return is(key, USAGE, length) ? usage(KIND_USAGE, RANK_WRAPPED) : 0;
    case KIND_GROQ:
      return is(key, USAGE, length) ? usage(KIND_USAGE, RANK_GROQ) : 0;
    case KIND_META:
      if (is(key, BILLED_UNITS, length)) return usage(KIND_USAGE, RANK_BILLED);
      return is(key, TOKENS, length) ? usage(KIND_USAGE, RANK_TOKENS) : 0;
    default:
      return 0;
  }
}

/** What an element of an array of this kind means. */
export function meaningOfElement(kind: u32): u32 {
  return kind == KIND_CONTENT ? CONTENT : kind;
}

function inDocument(state: UsageState, key: usize, length: usize): u32 {
  switch (<u32>length) {
    case 4:
      if (is(key, TYPE, length)) return MEANS_TYPE;
      if (is(key, META, length)) return KIND_META;
      if (is(key, DATA, length)) return draws(state.endpoint) ? KIND_IMAGE : 0;
      // A transcript; in a stream it repeats what the deltas said.
      return state.form == FORM_JSON && is(key, TEXT, length) ? CONTENT : 0;
    case 5:
      if (is(key, USAGE, length)) return usage(KIND_USAGE, RANK_TOP);
      if (is(key, DELTA, length)) return CONTENT;
      return is(key, ERROR, length) ? MEANS_ERROR : 0;
    case 6:
      if (is(key, X_GROQ, length)) return KIND_GROQ;
      if (state.endpoint == ENDPOINT_RESPONSES && is(key, STATUS, length)) return MEANS_TYPE;
      return is(key, OUTPUT, length) ? CONTENT : 0;
    case 7:
      if (is(key, CHOICES, length)) return KIND_CHOICE | MEANS_CHOICES;
      if (is(key, MESSAGE, length)) return KIND_MESSAGE;
      return is(key, CONTENT_KEY, length) ? CONTENT : 0;
    case 8:
      return is(key, RESPONSE, length) ? KIND_RESPONSE : 0;
    case 10:
      return is(key, CANDIDATES, length) ? KIND_CONTENT : 0;
    case 13:
      if (is(key, USAGE_METADATA, length)) return usage(KIND_GEMINI, RANK_TOP);
      return is(key, CONTENT_BLOCK, length) ? KIND_CONTENT : 0;
    default:
      return 0;
  }
}

function inChoice(key: usize, length: usize): u32 {
  if (is(key, DELTA, length) || is(key, MESSAGE, length)) return KIND_CONTENT;
  if (is(key, TEXT, length)) return CONTENT;
  return is(key, USAGE, length) ? usage(KIND_USAGE, RANK_CHOICE) : 0;
}

function inUsage(key: usize, length: usize): u32 {
  switch (<u32>length) {
    case 7:
      return is(key, SECONDS, length) ? count(F.FIELD_SECONDS) : 0;
    case 12:
      if (is(key, INPUT_TOKENS, length)) return count(F.FIELD_INPUT);
      return is(key, TOTAL_TOKENS, length) ? count(F.FIELD_TOTAL) : 0;
    case 13:
      if (is(key, PROMPT_TOKENS, length)) return count(F.FIELD_PROMPT);
      if (is(key, OUTPUT_TOKENS, length)) return count(F.FIELD_OUTPUT);
      return is(key, CACHED_TOKENS, length) ? count(F.FIELD_CACHE_HIT) : 0;
    case 14:
      return is(key, CACHE_CREATION, length) ? KIND_CACHE_CREATION : 0;
    case 16:
      return is(key, REASONING_TOKENS, length) ? count(F.FIELD_REASONING) : 0;
    case 17:
      return is(key, COMPLETION_TOKENS, length) ? count(F.FIELD_COMPLETION) : 0;
    case 20:
      return is(key, INPUT_TOKENS_DETAILS, length) ? KIND_INPUT_DETAILS : 0;
    case 21:
      if (is(key, PROMPT_TOKENS_DETAILS, length)) return KIND_INPUT_DETAILS;
      return is(key, OUTPUT_TOKENS_DETAILS, length) ? KIND_OUTPUT_DETAILS : 0;
    case 23:
      if (is(key, CACHE_READ, length)) return count(F.FIELD_CACHE_READ);
      return is(key, PROMPT_CACHE_HIT, length) ? count(F.FIELD_CACHE_HIT) : 0;
    case 24:
      return is(key, PROMPT_CACHE_MISS, length) ? count(F.FIELD_CACHE_MISS) : 0;
    case 25:
      return is(key, COMPLETION_TOKENS_DETAILS, length) ? KIND_OUTPUT_DETAILS : 0;
    case 27:
      return is(key, CACHE_CREATION_TOKENS, length) ? count(F.FIELD_CACHE_CREATION) : 0;
    default:
      return 0;
  }
}

function inInputDetails(key: usize, length: usize): u32 {
  if (is(key, CACHED_TOKENS, length)) return count(F.FIELD_CACHED);
  if (is(key, CACHE_WRITE, length) || is(key, DETAIL_CREATION, length)) return count(F.FIELD_CACHE_WRITE);
  return 0;
}

function inGemini(key: usize, length: usize): u32 {
  if (is(key, PROMPT_COUNT, length)) return count(F.FIELD_PROMPT);
  if (is(key, CANDIDATES_COUNT, length)) return count(F.FIELD_COMPLETION);
  if (is(key, TOTAL_COUNT, length)) return count(F.FIELD_TOTAL);
  if (is(key, THOUGHTS_COUNT, length)) return count(F.FIELD_THOUGHTS);
  if (is(key, CACHED_COUNT, length)) return count(F.FIELD_CACHED);
  return is(key, TOOL_COUNT, length) ? count(F.FIELD_TOOL_PROMPT) : 0;
}

function inContent(key: usize, length: usize): u32 {
  switch (<u32>length) {
    case 4:
      if (is(key, TEXT, length) || is(key, CODE, length)) return CONTENT;
      return is(key, ARGS, length) ? RAW : 0;
    case 5:
      if (is(key, PARTS, length) || is(key, DELTA, length)) return CONTENT;
      return is(key, INPUT, length) ? RAW : 0;
    case 7:
      return is(key, CONTENT_KEY, length) || is(key, SUMMARY, length) || is(key, REFUSAL, length)
        ? CONTENT
        : 0;
    case 8:
      return is(key, THINKING, length) || is(key, FUNCTION, length) ? CONTENT : 0;
    case 9:
      return is(key, REASONING, length) || is(key, ARGUMENTS, length) ? CONTENT : 0;
    case 10:
      return is(key, TRANSCRIPT, length) || is(key, TOOL_CALLS, length) ? CONTENT : 0;
    case 12:
      return is(key, PARTIAL_JSON, length) || is(key, GEMINI_CALL, length) ? CONTENT : 0;
    case 13:
      return is(key, FUNCTION_CALL, length) ? CONTENT : 0;
    case 17:
      return is(key, REASONING_CONTENT, length) ? CONTENT : 0;
    default:
      return 0;
  }
}
