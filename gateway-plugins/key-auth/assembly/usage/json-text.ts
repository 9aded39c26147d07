// Strings of a response: skipped, counted as text of the model, or kept because they are a key or a type.

import { ascii, asciiLength } from '../../../policy/assembly/ascii';
import { bytesEqual } from '../../../policy/assembly/bytes';
import { findTextEnd } from './json-skip';
import { JSON_AFTER, JSON_BROKEN, JSON_COLON, JSON_ESCAPE, JSON_HEX, JSON_TEXT } from './json-states';
import { kindOf } from './json-kinds';
import { meaningOf } from './keys';
import {
  DOCUMENT_CONTENT,
  DOCUMENT_DELTA,
  DOCUMENT_FAILURE,
  DOCUMENT_LAST,
  DOCUMENT_PENDING,
  UsageState,
  WORD_MAX,
  wordOf,
} from './state';

/** What becomes of the string being read. */
export const TEXT_SKIPPED: u32 = 0;
export const TEXT_COUNTED: u32 = 1;
export const TEXT_KEY: u32 = 2;
export const TEXT_TYPE: u32 = 3;

const QUOTE: u32 = 0x22;
const LETTER_U: u32 = 0x75;

const ERROR = ascii('error');
const RESPONSE_FAILED = ascii('response.failed');
const MESSAGE_DELTA = ascii('message_delta');
const QUEUED = ascii('queued');
const IN_PROGRESS = ascii('in_progress');
const LAST_TYPES: StaticArray<usize> = [
  ascii('message_stop'),
  ascii('response.completed'),
  ascii('response.incomplete'),
  ascii('response.cancelled'),
  ascii('speech.audio.done'),
  ascii('transcript.text.done'),
  ascii('image_edit.completed'),
  ascii('image_generation.completed'),
];

/** Begins a string; its opening quote has been read. */
export function beginText(state: UsageState, text: u32): void {
  state.text = text;
  state.wordLength = 0;
  state.json = JSON_TEXT;
}

/** Reads on in a string; returns the first byte that is not read. */
export function readText(state: UsageState, at: usize, to: usize): usize {
  const end = findTextEnd(at, to);
  const isWhole = end < to && load<u8>(end) == QUOTE;
  switch (state.text) {
    case TEXT_COUNTED:
      countContent(state, end - at);
      break;
    case TEXT_KEY:
    case TEXT_TYPE:
      // A word that comes in one piece is looked at where it is.
      if (isWhole && state.wordLength == 0) {
        endWord(state, at, end - at);
        return end + 1;
      }
      keep(state, at, end - at);
      break;
    default:
  }
  if (end == to) return to;
  if (!isWhole) {
    state.json = JSON_ESCAPE;
    return end + 1;
  }
  if (state.text >= TEXT_KEY) endWord(state, wordOf(state), min(state.wordLength, WORD_MAX + 1));
  else state.json = JSON_AFTER;
  return end + 1;
}

/** Reads the byte after a backslash. */
export function readEscape(state: UsageState, at: usize): usize {
  const byte: u32 = load<u8>(at);
  state.json = JSON_TEXT;
  if (state.text == TEXT_SKIPPED) return at + 1;
  if (byte == LETTER_U) {
    state.json = JSON_HEX;
    state.escapeDigits = 0;
    state.escapeValue = 0;
  } else if (state.text == TEXT_COUNTED) {
    countContent(state, 1);
  } else {
    // No key that means something has a control character, so which one it is does not matter.
    putWordByte(state, byte == 0x2f || byte == QUOTE || byte == 0x5c ? byte : 0);
  }
  return at + 1;
}

/** Reads a digit of a \u escape. */
export function readHex(state: UsageState, at: usize): usize {
  const byte: u32 = load<u8>(at);
  let digit = byte - 0x30;
  if (digit > 9) {
    const letter = (byte | 0x20) - 0x61;
    if (letter > 5) {
      state.json = JSON_BROKEN;
      return at;
    }
    digit = letter + 10;
  }
  state.escapeValue = (state.escapeValue << 4) | digit;
  if (++state.escapeDigits < 4) return at + 1;
  const unit = state.escapeValue;
  state.json = JSON_TEXT;
  if (state.text == TEXT_COUNTED) {
    // Each half of a surrogate pair is half of four bytes.
    countContent(state, unit < 0x80 ? 1 : unit < 0x800 || (unit & 0xf800) == 0xd800 ? 2 : 3);
  } else {
    putWordByte(state, unit < 0x80 ? unit : 0);
  }
  return at + 1;
}

/** Notes text that the model wrote. */
export function countContent(state: UsageState, bytes: usize): void {
  if (bytes == 0) return;
  state.contentBytes += <u64>bytes;
  state.document |= DOCUMENT_CONTENT;
}

function putWordByte(state: UsageState, byte: u32): void {
  const length = state.wordLength;
  if (length < WORD_MAX) store<u8>(wordOf(state) + length, byte);
  // One more than fits says that it is too long to mean anything.
  if (length <= WORD_MAX) state.wordLength = length + 1;
}

function keep(state: UsageState, from: usize, length: usize): void {
  const have = state.wordLength;
  const room = WORD_MAX - min(have, WORD_MAX);
  memory.copy(wordOf(state) + have, from, min<usize>(length, room));
  state.wordLength = length > room ? WORD_MAX + 1 : have + <u32>length;
}

function endWord(state: UsageState, word: usize, length: usize): void {
  if (state.text == TEXT_KEY) {
    state.json = JSON_COLON;
    state.meaning = length > WORD_MAX ? 0 : meaningOf(state, kindOf(state), word, length);
  } else {
    state.json = JSON_AFTER;
    if (length <= WORD_MAX) takeType(state, word, length);
  }
}

function is(word: usize, known: usize, length: usize): bool {
  return asciiLength(known) == length && bytesEqual(word, known, length);
}

function takeType(state: UsageState, word: usize, length: usize): void {
  if (is(word, MESSAGE_DELTA, length)) state.document |= DOCUMENT_DELTA;
  else if (is(word, ERROR, length)) state.document |= DOCUMENT_FAILURE;
  else if (is(word, RESPONSE_FAILED, length)) state.document |= DOCUMENT_FAILURE | DOCUMENT_LAST;
  else if (is(word, QUEUED, length) || is(word, IN_PROGRESS, length)) state.document |= DOCUMENT_PENDING;
  for (let i = 0; i < LAST_TYPES.length; i++) {
    if (is(word, LAST_TYPES[i], length)) state.document |= DOCUMENT_LAST;
  }
}
