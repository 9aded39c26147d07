// Memory of one scan of a multipart/form-data body. Offsets from the start of the scanner, after what scan-state.ts has.

import { SCAN_REST } from './scan-state';

const AT: usize = SCAN_REST;
export const FORM_PATTERN_LENGTH: usize = AT; // u32, of "--" and the boundary
export const FORM_MATCHED: usize = AT + 4; // u32, bytes of the pattern that were just seen
export const FORM_PROPER: usize = AT + 8; // u32, 1: they stand at the start of a line
export const FORM_BEFORE: usize = AT + 12; // u32, the last two bytes of the part's content, the very last one highest
export const FORM_LINE_LENGTH: usize = AT + 16; // u32, of the header line being read
export const FORM_PART: usize = AT + 20; // u32, PART_*
export const FORM_FIELD: usize = AT + 24; // u32, Field that the part is
export const FORM_CONTENT_LENGTH: usize = AT + 28; // u32, what the part's own header says, or NO_LENGTH
export const FORM_CONTENT: usize = AT + 32; // u32, bytes of content so far, the delimiter's included
export const FORM_CONTENT_OFFSET: usize = AT + 36; // u32, where it starts
export const FORM_VALUE: usize = AT + 40; // first VALUE_BYTES of a small field's content
export const FORM_VALUE_BYTES: u32 = 8;
export const FORM_PATTERN: usize = AT + 48; // PATTERN_MAX bytes
export const FORM_BORDERS: usize = AT + 120; // PATTERN_MAX bytes: longest proper border of each prefix
export const FORM_LINE: usize = AT + 192; // LINE_MAX bytes
export const FORM_SCANNER_BYTES: usize = AT + 704;

/** "--" and at most 70 bytes: RFC 2046, section 5.1.1. */
export const PATTERN_MAX: u32 = 72;
/** Longest header line of a part. */
export const LINE_MAX: u32 = 512;
export const NO_LENGTH: u32 = 0xffffffff;

export const STATE_OPENING: u32 = 0; // within the first delimiter
export const STATE_DELIMITED: u32 = 1; // after a delimiter
export const STATE_DELIMITED_CR: u32 = 2;
export const STATE_DELIMITED_DASH: u32 = 3;
export const STATE_LINE: u32 = 4; // within a header line
export const STATE_LINE_CR: u32 = 5;
export const STATE_CONTENT: u32 = 6;
export const STATE_CLOSED: u32 = 7; // after the last delimiter
export const STATE_CLOSED_CR: u32 = 8;
export const STATE_DONE: u32 = 9;

// What the headers of a part have said.
export const PART_DISPOSITION: u32 = 1;
export const PART_TYPE: u32 = 2;
export const PART_ENCODING: u32 = 4;
export const PART_FILE: u32 = 8;
/** A content type that a plain value does not have. */
export const PART_TYPED: u32 = 16;

export const enum Field {
  Other,
  Model,
  Stream,
}
