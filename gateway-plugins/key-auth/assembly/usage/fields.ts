// The counts that a provider may give, whatever it calls them.

/** `prompt_tokens`, `promptTokenCount`: input, cached tokens included. */
export const FIELD_PROMPT: u32 = 0;
/** `input_tokens`: of Anthropic without what was read from the cache or written to it; of others all input. */
export const FIELD_INPUT: u32 = 1;
/** `completion_tokens`, `candidatesTokenCount`. */
export const FIELD_COMPLETION: u32 = 2;
/** `output_tokens`. */
export const FIELD_OUTPUT: u32 = 3;
/** `total_tokens`, `totalTokenCount`. */
export const FIELD_TOTAL: u32 = 4;
/** `cached_tokens` in details, `cachedContentTokenCount`. */
export const FIELD_CACHED: u32 = 5;
/** `cached_tokens` or `prompt_cache_hit_tokens` right in the usage. */
export const FIELD_CACHE_HIT: u32 = 6;
/** `prompt_cache_miss_tokens`. */
export const FIELD_CACHE_MISS: u32 = 7;
/** `cache_read_input_tokens`. */
export const FIELD_CACHE_READ: u32 = 8;
/** `cache_creation_input_tokens`. */
export const FIELD_CACHE_CREATION: u32 = 9;
/** `cache_creation.ephemeral_5m_input_tokens`. */
export const FIELD_CACHE_5M: u32 = 10;
/** `cache_creation.ephemeral_1h_input_tokens`. */
export const FIELD_CACHE_1H: u32 = 11;
/** `cache_write_tokens` or `cache_creation_tokens` in details: part of the prompt. */
export const FIELD_CACHE_WRITE: u32 = 12;
/** `reasoning_tokens`. */
export const FIELD_REASONING: u32 = 13;
/** `thoughtsTokenCount`: never part of `candidatesTokenCount`. */
export const FIELD_THOUGHTS: u32 = 14;
/** `toolUsePromptTokenCount`: never part of `promptTokenCount`. */
export const FIELD_TOOL_PROMPT: u32 = 15;
/** `seconds` of audio, for what is charged by duration; rounded up. */
export const FIELD_SECONDS: u32 = 16;
export const COUNT_FIELDS: usize = 17;

/** A count above this is no count: no context comes near. */
export const COUNT_MAX: u64 = 100_000_000;
