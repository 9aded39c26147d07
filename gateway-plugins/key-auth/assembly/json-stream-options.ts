// Where and how a body could be made to ask for usage: the forms of CALL_USAGE_* in layout.ts.

import {
  CALL_USAGE_FIRST,
  CALL_USAGE_ONLY,
  CALL_USAGE_OPTIONS,
  CALL_USAGE_VALUE,
} from '../../../packages/policy-image/src/layout';
import { SCAN_LITERAL_FOR } from './json-state';
import {
  flag,
  SCAN_USAGE_FORM,
  SCAN_USAGE_LENGTH,
  SCAN_USAGE_OFFSET,
  SEEN_ASKED_USAGE,
  USAGE_FORM_NONE,
} from './scan-state';

const OPEN_OBJECT: u32 = 0x7b;
const LETTER_F: u32 = 0x66;
const LETTER_N: u32 = 0x6e;
const LETTER_T: u32 = 0x74;

/** A member of `stream_options` begins. */
export function beginOption(scanner: usize): void {
  if (load<u32>(scanner + SCAN_USAGE_FORM) == CALL_USAGE_ONLY) {
    store<u32>(scanner + SCAN_USAGE_FORM, CALL_USAGE_FIRST);
  }
}

/** The value of `stream_options` begins. Of two, none can be edited. */
export function beginStreamOptions(scanner: usize, byte: u32, offset: u32): void {
  const isFirst = load<u32>(scanner + SCAN_USAGE_FORM) == 0;
  let form: u32 = USAGE_FORM_NONE;
  if (isFirst && byte == OPEN_OBJECT) {
    form = CALL_USAGE_ONLY;
    offset++;
  } else if (isFirst && byte == LETTER_N) {
    form = CALL_USAGE_OPTIONS;
    store<u32>(scanner + SCAN_LITERAL_FOR, 1);
  }
  store<u32>(scanner + SCAN_USAGE_FORM, form);
  store<u32>(scanner + SCAN_USAGE_OFFSET, offset);
}

/** The value of `include_usage` begins. */
export function beginIncludeUsage(scanner: usize, byte: u32, offset: u32): void {
  if (byte == LETTER_T) flag(scanner, SEEN_ASKED_USAGE);
  const isFirst = load<u32>(scanner + SCAN_USAGE_FORM) == CALL_USAGE_FIRST;
  if (!isFirst || (byte != LETTER_F && byte != LETTER_N)) {
    store<u32>(scanner + SCAN_USAGE_FORM, USAGE_FORM_NONE);
    return;
  }
  store<u32>(scanner + SCAN_USAGE_FORM, CALL_USAGE_VALUE);
  store<u32>(scanner + SCAN_USAGE_OFFSET, offset);
  store<u32>(scanner + SCAN_LITERAL_FOR, 1);
}

/** A literal that a usage edit replaces is complete; `end` is the offset after it. */
export function endLiteral(scanner: usize, end: u32): void {
  store<u32>(scanner + SCAN_LITERAL_FOR, 0);
  store<u32>(scanner + SCAN_USAGE_LENGTH, end - load<u32>(scanner + SCAN_USAGE_OFFSET));
}

