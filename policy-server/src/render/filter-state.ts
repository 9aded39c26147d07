/** Filter state that the access log reads; set after key-auth, so only paths of admitted requests are logged. */
export const PATH_STATE = 'hiclaw.path';

/** Filter state that key-auth sets: the name of the consumer. Envoy puts `wasm.` before what a plugin names. */
export const CONSUMER_STATE = 'wasm.hiclaw.consumer';

/** Filter state that key-auth sets when an LLM call ends: its usage, as JSON. */
export const USAGE_STATE = 'wasm.hiclaw.usage';
