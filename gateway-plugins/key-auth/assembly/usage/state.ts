// Memory in which a stream keeps what is read of its response, so that reading goes on with the next chunk.

import { COUNT_FIELDS } from './fields';

/** How the body is read; FORM_UNKNOWN until its first significant byte has come. */
export const FORM_UNKNOWN: u32 = 0;
export const FORM_JSON: u32 = 1;
/** Server-sent events. */
export const FORM_EVENTS: u32 = 2;
/** Neither: audio, text, something compressed. Only its bytes are counted. */
export const FORM_OPAQUE: u32 = 3;

/** Flags of the whole response. */
/** The content type says server-sent events. */
export const SAYS_EVENTS: u32 = 1;
/** The usage event that the client did not ask for is to be taken out. */
export const TAKES_OUT: u32 = 2;
/** The last byte has come. */
export const ENDED: u32 = 4;
/** What the protocol says last has come: what follows is not worth tokens. */
export const FINISHED: u32 = 8;
/** The response itself says that the call failed. */
export const FAILED: u32 = 16;
/** The gateway ended the stream. */
export const CUT: u32 = 32;
/** The body is no JSON, or the host gave no bytes. */
export const BROKEN: u32 = 64;
/** Some `data` line has come. */
export const HAS_DATA: u32 = 128;
/** The line before ended with a CR, to which a LF may still belong. */
export const AFTER_CR: u32 = 256;
/** That LF belongs to an event that was taken out. */
export const TAKES_LF: u32 = 512;
/** The event being read has some line that is no comment. */
export const EVENT_OPEN: u32 = 1024;
/** The event being read has a `data` line. */
export const EVENT_DATA: u32 = 2048;
/** The event being read goes to the client. */
export const EVENT_PASSES: u32 = 4096;
/** The answer is still being made, and will be there to be fetched later. */
export const PENDING: u32 = 8192;

/** Flags of the JSON document being read: a body, an event's data or an element of a top-level array. */
/** There are choices, so it is no event of usage alone. */
export const DOCUMENT_CHOICES: u32 = 1;
export const DOCUMENT_ERROR: u32 = 2;
/** Some text that the model wrote. */
export const DOCUMENT_CONTENT: u32 = 4;
/** Its top-level `usage` is an object. */
export const DOCUMENT_USAGE: u32 = 8;
/** Its `type` is one that comes last. */
export const DOCUMENT_LAST: u32 = 16;
/** Its `type` is one that tells of a failure. */
export const DOCUMENT_FAILURE: u32 = 32;
/** Its `type` is `message_delta`, whose usage is the last of an Anthropic stream. */
export const DOCUMENT_DELTA: u32 = 64;
/** Its `status` says that the answer is still being made. */
export const DOCUMENT_PENDING: u32 = 128;

/** Deepest container whose keys are looked at; what is deeper is skipped. */
export const KINDS_MAX: u32 = 32;
/** Longest key or `type` that means something. */
export const WORD_MAX: u32 = 40;

@unmanaged
export class UsageState {
  flags: u32;
  form: u32;
  /** One of ENDPOINT_*, from the stream. */
  endpoint: u32;
  /** Bytes at the start of the host's buffer that were read before: a paused body stays there. */
  seen: u32;
  /** Bytes of the body so far. */
  bytes: u64;
  /** Bytes of text that the model wrote, after JSON's escapes. */
  contentBytes: u64;
  /** Events with such text; of images: how many there are. */
  contentEvents: u32;

  /** Set of the fields that the response has given (1 << FIELD_*), and of those whose value is no count. */
  given: u32;
  givenBad: u32;
  /** The same for the document being read. */
  found: u32;
  foundBad: u32;
  /** RANK_* of the object that they are from. */
  foundRank: u32;
  /** RANK_* of the object that is being read, while nothing was found in it. */
  nextRank: u32;

  /** Walk through the JSON document: JSON_*, containers that are open, and those within one that is skipped. */
  json: u32;
  depth: u32;
  skipped: u32;
  /** What the value that follows, or is being read, means: see keys.ts. */
  meaning: u32;
  document: u32;
  /** What becomes of the string being read: TEXT_*. */
  text: u32;
  wordLength: u32;
  /** Digits of a \u escape that have come, and their value. */
  escapeDigits: u32;
  escapeValue: u32;
  numberFlags: u32;
  number: u64;

  /** Line of server-sent events: LINE_*; bytes of `[DONE]` that the data has matched, or NOT_DONE. */
  line: u32;
  done: u32;

  /** Bytes of an event that may have to be taken out: address, length, room. */
  held: usize;
  heldLength: u32;
  heldRoom: u32;
}

const KINDS: usize = (offsetof<UsageState>() + 7) & ~7;
const WORD: usize = KINDS + KINDS_MAX;
const GIVEN: usize = WORD + WORD_MAX;
const FOUND: usize = GIVEN + (COUNT_FIELDS << 2);

/** Bytes per stream, zeroed when it begins. */
export const USAGE_BYTES: u32 = <u32>((FOUND + (COUNT_FIELDS << 2) + 7) & ~7);

/** KINDS_MAX bytes: KIND_* of each open container. */
export function kindsOf(state: UsageState): usize {
  return changetype<usize>(state) + KINDS;
}

/** WORD_MAX bytes: the key or `type` being read, when it comes in pieces or with escapes. */
export function wordOf(state: UsageState): usize {
  return changetype<usize>(state) + WORD;
}

/** Where the counts of the response are: u32 for each FIELD_*. */
export function givenOf(state: UsageState): usize {
  return changetype<usize>(state) + GIVEN;
}

/** Where the counts of the document being read are. */
export function foundOf(state: UsageState): usize {
  return changetype<usize>(state) + FOUND;
}
