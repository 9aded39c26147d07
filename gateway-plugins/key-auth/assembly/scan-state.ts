// What a scan of a request body finds, and the memory it keeps that in: the same for JSON and for multipart/form-data.

export const SCAN_KIND: usize = 0; // u32, Kind
export const SCAN_STATE: usize = 4; // u32, of the scanner for that kind
export const SCAN_OFFSET: usize = 8; // u32, bytes that were scanned
export const SCAN_FLAGS: usize = 12; // u32, SEEN_*
export const SCAN_MODEL_LENGTH: usize = 16; // u32, at most MODEL_MAX + 1
export const SCAN_MODEL_OFFSET: usize = 20; // u32, where the model stands in the body; JSON: its opening quote
export const SCAN_MODEL_RAW: usize = 24; // u32, bytes it takes there; JSON: with both quotes
export const SCAN_USAGE_FORM: usize = 28; // u32, CALL_USAGE_*, 0: no `stream_options` was seen, or USAGE_FORM_NONE
export const SCAN_USAGE_OFFSET: usize = 32; // u32
export const SCAN_USAGE_LENGTH: usize = 36; // u32
export const SCAN_MAX_TOKENS: usize = 40; // u32, 0: not said
export const SCAN_CHOICES: usize = 44; // u32, answers wanted, 0: not said
export const SCAN_MODEL: usize = 48; // MODEL_MAX bytes
export const SCAN_REST: usize = 304; // what only one kind of scanner has
/** Room for either kind. */
export const SCANNER_BYTES: usize = 1008;

/** Longest model name, in bytes after escapes are decoded. */
export const MODEL_MAX: u32 = 256;

/** What kind of body is scanned. */
export const enum Kind {
  Json,
  Form,
}

/** A second `model`, a look-alike of it, another member that names models, or one that contradicts the path. */
export const SEEN_AMBIGUOUS: u32 = 1;
export const SEEN_MODEL: u32 = 2;
/** The model is no string, or its string holds half a surrogate pair. */
export const SEEN_BAD_MODEL: u32 = 4;
/** SCAN_MODEL holds the model that the path names; one in the body must be the same. */
export const SEEN_PATH_MODEL: u32 = 8;
/** The model in the body may have `models/` before it. */
export const SEEN_RESOURCE_NAMES: u32 = 16;
/** The request refers to something that the provider stored earlier. */
export const SEEN_STORED: u32 = 32;
/** The same, as only the Responses API understands it. */
export const SEEN_STORED_RESPONSE: u32 = 64;
export const SEEN_STREAM: u32 = 128;
/** The client itself asks for usage. */
export const SEEN_ASKED_USAGE: u32 = 256;

/** No usage edit can be made. */
export const USAGE_FORM_NONE: u32 = 0xff;

export function flag(scanner: usize, seen: u32): void {
  store<u32>(scanner + SCAN_FLAGS, load<u32>(scanner + SCAN_FLAGS) | seen);
}

export function unflag(scanner: usize, seen: u32): void {
  store<u32>(scanner + SCAN_FLAGS, load<u32>(scanner + SCAN_FLAGS) & ~seen);
}

/** What a complete scan found. */
export const enum ModelScan {
  Found,
  Malformed,
  Ambiguous,
  Missing,
  BadModel,
}
