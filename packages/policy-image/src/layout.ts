/**
 * Byte layout of the two policy images, the only thing that crosses from the policy server to the plugins.
 *
 * This file is compiled twice: by TypeScript (writer and oracle reader) and by AssemblyScript (the plugins'
 * readers), so it may hold nothing but integer constants. `docs/reference/policy-images.md` explains it.
 * All integers are little endian; every section starts at a multiple of 8; the image ends at a multiple of 8.
 * A "section" in the header is two u32: offset from the start of the image, and number of entries
 * (number of bytes for `STRINGS`). A "string" is two u32: offset within the STRINGS section, and byte length.
 */

// ---- header, common to both images -------------------------------------------------------------------------

export const HEADER_MAGIC = 0; // u32
export const HEADER_FORMAT = 4; // u32
export const HEADER_POLICY_VERSION = 8; // u64, the policy version at which these bytes last changed
export const HEADER_SIZE = 16; // u32, of the whole image
export const HEADER_CHECKSUM = 20; // 2 x u32: lane A, lane B
export const CHECKSUM_FROM = 28; // what follows the checksum
export const NONE = 0xffffffff; // "no index"

/**
 * The checksum covers every u32 of the image except its own two: the words at 0, 8, 16, 32, 40, 48 ... go into lane A,
 * those at 4, 12, 28, 36, 44 ... into lane B, in this order. Each lane starts with its seed and takes a word w by
 * `lane = rotl(lane ^ w, CHECKSUM_ROTATE) * CHECKSUM_FACTOR_x`, modulo 2^32. A step is a bijection in both operands,
 * so that any damage confined to one word is always found, and any other with probability 1 - 2^-32 at least.
 */
export const CHECKSUM_SEED_A = 0x243f6a88;
export const CHECKSUM_SEED_B = 0x13198a2e;
export const CHECKSUM_FACTOR_A = 0x1e3779b1;
export const CHECKSUM_FACTOR_B = 0x45ebca6b;
export const CHECKSUM_ROTATE = 13;

// ---- key-auth image ----------------------------------------------------------------------------------------

export const KEY_AUTH_MAGIC = 0x31414b48; // "HKA1"
export const KEY_AUTH_FORMAT = 2;
export const KEY_AUTH_MAX_BODY_BYTES = 28; // u32, larger bodies on LLM routes are refused
export const KEY_AUTH_TOKENS = 32; // sections ...
export const KEY_AUTH_TOKEN_BUCKETS = 40;
export const KEY_AUTH_CONSUMERS = 48;
export const KEY_AUTH_PROFILES = 56;
export const KEY_AUTH_GRANTS = 64;
export const KEY_AUTH_ROUTES = 72;
export const KEY_AUTH_LLM_PATHS = 80;
export const KEY_AUTH_CANDIDATES = 88;
export const KEY_AUTH_RULES = 96;
export const KEY_AUTH_PATTERN_SETS = 104;
export const KEY_AUTH_PATTERNS = 112;
export const KEY_AUTH_LIMIT_SETS = 120;
export const KEY_AUTH_LIMITS = 128;
export const KEY_AUTH_PRICES = 136;
export const KEY_AUTH_STRINGS = 144;
export const KEY_AUTH_HEADER_BYTES = 152;

/** Sorted by digest. The digest is the first 16 bytes of SHA-256 of the token as presented. */
export const TOKEN_BYTES = 24;
export const TOKEN_DIGEST = 0; // 16 bytes
export const TOKEN_DIGEST_BYTES = 16;
export const TOKEN_CONSUMER = 16; // u32 index
export const TOKEN_EXPIRES_AT = 20; // u32, Unix seconds; 0: never. The token is dead at this second

/**
 * 2^b + 1 u32: entry i is the index of the first token whose digest's first b bits (big endian) are >= i; the last
 * one is the number of tokens. b is the smallest number with 2^b >= number of tokens, at least 0, at most 20.
 */
export const TOKEN_BUCKET_BYTES = 4;
export const TOKEN_BUCKET_MAX_BITS = 20;

/** Sorted by name. Only consumers with at least one token that was not revoked are listed. */
export const CONSUMER_BYTES = 24;
export const CONSUMER_NAME = 0; // string
export const CONSUMER_FLAGS = 8; // u32
export const CONSUMER_EXPIRES_AT = 12; // u32, Unix seconds; 0: never
export const CONSUMER_PROFILE = 16; // u32 index
export const CONSUMER_LIMITS = 20; // u32 index into LIMIT_SETS, or NONE: none
export const CONSUMER_DISABLED = 1; // flag: spec.disabled
export const CONSUMER_REVOKED = 2; // flag: revoked, until restored

/** An access profile: what a set of consumers with equal access may reach. Interned. */
export const PROFILE_BYTES = 8;
export const PROFILE_GRANTS_START = 0; // u32 index into GRANTS
export const PROFILE_GRANTS_COUNT = 4; // u32

/** Within a profile sorted by route index, each route at most once. */
export const GRANT_BYTES = 16;
export const GRANT_ROUTE = 0; // u32 index
export const GRANT_MODELS = 4; // u32 pattern set that narrows the route's models, or NONE: all of the route's
export const GRANT_ENVOY_ROUTE = 8; // string, "<route key>~<n>": a variant with fewer targets (LLM); empty: the route

/** Sorted by key. The key is also the value of the `x-hiclaw-route` header that picks the Envoy route. */
export const ROUTE_BYTES = 40;
export const ROUTE_KEY = 0; // string: "llm-routes/<name>", "mcp-servers/<name>" or "service-routes/<name>"
export const ROUTE_KIND = 8; // u32
export const ROUTE_MODELS = 12; // u32 pattern set (LLM), else NONE
export const ROUTE_CATALOGUE = 16; // u32 pattern set of concrete model names for GET /models (LLM), else NONE
export const ROUTE_RULES_START = 20; // u32 index into RULES (service)
export const ROUTE_RULES_COUNT = 24; // u32
export const ROUTE_FLAGS = 28; // u32, 0 unless an LLM route
export const ROUTE_PRICES_START = 32; // u32 index into PRICES (LLM)
export const ROUTE_PRICES_COUNT = 36; // u32
export const ROUTE_REBASES = 1; // flag: its targets differ in path or model, so they must know where those stand
export const ROUTE_ADDS_USAGE = 2; // flag: some target wants `stream_options.include_usage` added
export const ROUTE_SHARES_RESPONSES = 4; // flag: whoever has a grant may name stored responses by id
export const ROUTE_KIND_LLM = 1;
export const ROUTE_KIND_MCP = 2;
export const ROUTE_KIND_SERVICE = 3;

/** The distinct `spec.path` of LLM routes, longest first, then by bytes: the first that matches is the one. */
export const LLM_PATH_BYTES = 16;
export const LLM_PATH_PATH = 0; // string, no trailing slash
export const LLM_PATH_CANDIDATES_START = 8; // u32 index into CANDIDATES
export const LLM_PATH_CANDIDATES_COUNT = 12; // u32

/** u32 route indexes, ascending within one LLM path. */
export const CANDIDATE_BYTES = 4;

/** What a service route admits: any rule that matches admits. */
export const RULE_BYTES = 8;
export const RULE_METHODS = 0; // u32, bit set of METHOD_*
export const RULE_PATHS = 4; // u32 pattern set of path patterns
export const METHOD_GET = 1;
export const METHOD_HEAD = 2;
export const METHOD_POST = 4;
export const METHOD_PUT = 8;
export const METHOD_PATCH = 16;
export const METHOD_DELETE = 32;
export const METHOD_OPTIONS = 64;

/** Interned, each sorted by bytes and without duplicates. */
export const PATTERN_SET_BYTES = 8;
export const PATTERN_SET_START = 0; // u32 index into PATTERNS
export const PATTERN_SET_COUNT = 4; // u32

/** A pattern is a string. In model patterns `*` is any run of bytes; in path patterns `*` is any run without `/`
 *  and `**` any run at all. There is no escape. */
export const PATTERN_BYTES = 8;

/** What consumers with equal limits may spend. Interned, sorted by their limits. */
export const LIMIT_SET_BYTES = 8;
export const LIMIT_SET_START = 0; // u32 index into LIMITS
export const LIMIT_SET_COUNT = 4; // u32, at least 1

/** Within a set sorted by meter, each meter at most once. */
export const LIMIT_BYTES = 16;
export const LIMIT_METER = 0; // u32, one of METER_*
export const LIMIT_RESERVED = 4; // u32, 0
export const LIMIT_CAP = 8; // u64, in requests, tokens or pico-USD (1e-12 USD) per window
export const METER_REQUESTS_MINUTE = 0;
export const METER_TOKENS_MINUTE = 1;
export const METER_TOKENS_DAY = 2;
export const METER_TOKENS_MONTH = 3;
export const METER_USD_DAY = 4;
export const METER_USD_MONTH = 5;

/** What a target asks per token, in pico-USD. Within a route in order: the first for a target and a model counts. */
export const PRICE_BYTES = 48;
export const PRICE_TARGET = 0; // u32 index into the route's targets, as in the endpoint's `hiclaw.target`
export const PRICE_RESERVED = 4; // u32, 0
export const PRICE_MODEL = 8; // string, pattern over the model that the client names
export const PRICE_INPUT = 16; // u64
export const PRICE_CACHED_INPUT = 24; // u64
export const PRICE_CACHE_WRITE = 32; // u64
export const PRICE_OUTPUT = 40; // u64

// ---- filter state `hiclaw.call` ------------------------------------------------------------------------------

/**
 * Where a request to an LLM route says what an attempt may have to change, from the key-auth plugin to the
 * credential-injection plugin. Offsets are in the body as the client sent it.
 */
export const CALL_BODY_LENGTH = 0; // u32, bytes of the whole body
export const CALL_EDITS = 4; // u32, set of CALL_EDIT_*
export const CALL_MODEL_OFFSET = 8; // u32: JSON: the opening quote; multipart: the value's first byte; path: in CALL_PATH
export const CALL_MODEL_LENGTH = 12; // u32: bytes as they stand there; JSON: with both quotes
export const CALL_USAGE_OFFSET = 16; // u32, where CALL_USAGE_FORM applies
export const CALL_USAGE_LENGTH = 20; // u32, bytes that are replaced there
export const CALL_USAGE_FORM = 24; // u32, one of CALL_USAGE_*
export const CALL_PREFIX_LENGTH = 28; // u32, bytes of the LLM path with which CALL_PATH begins
export const CALL_PATH_LENGTH = 32; // u32
export const CALL_PATH = 36; // `:path`, with its query
export const CALL_EDIT_PATH = 1;
export const CALL_EDIT_JSON_MODEL = 2;
export const CALL_EDIT_MULTIPART_MODEL = 4;
export const CALL_EDIT_PATH_MODEL = 8;
export const CALL_EDIT_USAGE = 16;
export const CALL_USAGE_MEMBER = 1; // insert `"stream_options":{"include_usage":true},`
export const CALL_USAGE_ONLY = 2; // insert `"include_usage":true` into an empty `stream_options`
export const CALL_USAGE_FIRST = 3; // insert `"include_usage":true,` at the start of another `stream_options`
export const CALL_USAGE_VALUE = 4; // put `true` in the value's place
export const CALL_USAGE_OPTIONS = 5; // put `{"include_usage":true}` in the place of a `stream_options` that is null

// ---- credential-injection image ----------------------------------------------------------------------------

export const INJECTION_MAGIC = 0x31494348; // "HCI1"
export const INJECTION_FORMAT = 2;
export const INJECTION_KEY_ID = 28; // u32: first 4 bytes of SHA-256 of the sealing key, little endian
export const INJECTION_UPSTREAMS = 32; // sections ...
export const INJECTION_BINDINGS = 40;
export const INJECTION_CREDENTIALS = 48;
export const INJECTION_HOSTS = 56;
export const INJECTION_STRINGS = 64;
export const INJECTION_HEADER_BYTES = 72;

/** Sorted by key. An upstream that is not listed is refused; one with credential NONE gets no credential. */
export const UPSTREAM_BYTES = 40;
export const UPSTREAM_KEY = 0; // string: "providers/<name>", "mcp-servers/<name>" or "service-routes/<name>"
export const UPSTREAM_HOST = 8; // string: "host:port", lower case, as in the endpoint's metadata
export const UPSTREAM_CREDENTIAL = 16; // u32 index or NONE
export const UPSTREAM_BINDINGS_START = 20; // u32 index
export const UPSTREAM_BINDINGS_COUNT = 24; // u32
export const UPSTREAM_FLAGS = 28; // u32
export const UPSTREAM_PATH = 32; // string: path of its base URL without trailing slash, for attempts that rebase
export const UPSTREAM_ADDS_USAGE = 1; // flag: it understands `stream_options.include_usage`

/** A consumer's own credential for one upstream. Within an upstream sorted by consumer name. */
export const BINDING_BYTES = 16;
export const BINDING_CONSUMER = 0; // string
export const BINDING_CREDENTIAL = 8; // u32 index
export const BINDING_RESERVED = 12; // u32, 0

/** Sorted by id. */
export const CREDENTIAL_BYTES = 64;
export const CREDENTIAL_ID = 0; // string: "<uid>/<version>", the AAD of the sealed value
export const CREDENTIAL_PLACEMENT = 8; // u32
export const CREDENTIAL_NAME = 12; // string: header or query parameter name, lower case for headers
export const CREDENTIAL_PREFIX = 20; // string, put before the value of a header
export const CREDENTIAL_HOSTS_START = 28; // u32 index into HOSTS
export const CREDENTIAL_HOSTS_COUNT = 32; // u32
export const CREDENTIAL_NONCE = 36; // 12 bytes
export const CREDENTIAL_SEALED = 48; // string in STRINGS: ChaCha20-Poly1305 ciphertext followed by the 16 byte tag
export const CREDENTIAL_RESERVED = 56; // u64, 0
export const PLACEMENT_HEADER = 1;
export const PLACEMENT_QUERY = 2;
export const PLACEMENT_BASIC = 3; // value is "user:password"; sent as Authorization: Basic base64(value)

/** A host a credential may be sent to: string, "host" (any port of it that TLS or the base URL names) or "host:port". */
export const HOST_BYTES = 8;
