/** How a call ended: in full, by its client, with an error of the upstream, or by the gateway. */
export const OUTCOMES = ['completed', 'aborted', 'failed', 'cut'] as const;
export type Outcome = (typeof OUTCOMES)[number];

/** Tokens of one call. */
export interface CallTokens {
  /** Includes `cachedInput` and `cacheWrite`. */
  readonly input: number;
  readonly cachedInput: number;
  readonly cacheWrite: number;
  /** Includes `reasoning`. */
  readonly output: number;
  readonly reasoning: number;
}

/** One finished LLM call, as a line of a gateway's journal tells it. */
export interface UsageRecord extends CallTokens {
  /** 16 bytes, unique to the line: chosen by Envoy, not by the client. */
  readonly id: Buffer;
  /** Milliseconds since the Unix epoch. */
  readonly startMs: number;
  /** Milliseconds from the start to the last byte. */
  readonly durationMs: number;
  /** Milliseconds from the start to the first byte of the response; null: there was none. */
  readonly firstByteMs: number | null;
  readonly consumer: string;
  /** Name of the LlmRoute. */
  readonly route: string;
  /** Name of the Provider; `(none)`: no upstream was chosen. */
  readonly provider: string;
  /** What the client asked for. */
  readonly requestedModel: string;
  /** What the provider was asked for. */
  readonly model: string;
  /** Index in the route's targets, or null. */
  readonly target: number | null;
  readonly endpoint: string;
  readonly stream: boolean;
  /** Any of the numbers is the gateway's, not the provider's. */
  readonly estimated: boolean;
  readonly outcome: Outcome;
  /** 0: no response began. */
  readonly status: number;
  /** Envoy's response flags, `-`: none. */
  readonly flags: string;
  /** How often the call was tried upstream. */
  readonly attempts: number;
}

/** A record, or what is wrong with the line: names the field, never shows content. */
export type DecodedLine = { readonly record: UsageRecord } | { readonly problem: string };

/** A call with more tokens than this is not one. */
const MAX_TOKENS = 1_000_000_000;
const RECORD_VERSION = 1;
const MAX_MS = 1_000_000_000_000;
const MAX_NAME_LENGTH = 256;
const MAX_MODEL_LENGTH = 512;
const EARLIEST_MS = Date.UTC(2000, 0, 1);
const LATEST_MS = Date.UTC(2100, 0, 1);
const NO_PROVIDER = '(none)';

const UUID = /^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/;
const MOMENT = /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/;
const ENDPOINT = /^[a-z][a-z0-9_-]{0,31}$/;
const FLAGS = /^[A-Za-z0-9,_-]{1,256}$/;
const TARGET = /^\d{1,4}$/;
/** Control characters would forge lines wherever a name is shown; lone surrogates are no text. */
const NO_TEXT = /[\p{Cc}\p{Cs}]/u;
const NO_TEXTS = /[\p{Cc}\p{Cs}]/gu;

class Misfit extends Error {}

type Fields = Readonly<Record<string, unknown>>;

/** A line of a journal, without its line end. */
export function decodeLine(line: string): DecodedLine {
  try {
    return { record: recordOf(parseObject(line, 'line')) };
  } catch (error) {
    if (error instanceof Misfit) return { problem: error.message };
    throw error;
  }
}

function recordOf(line: Fields): UsageRecord {
  const usage = parseObject(line['usage'], 'usage');
  if (usage['v'] !== RECORD_VERSION) throw new Misfit('usage.v');
  const requestedModel = modelOf(usage['model']);
  const { provider, mappedModel } = upstreamOf(line['upstream']);
  const target = line['target'];
  return {
    id: Buffer.from(text(line['id'], 'id', UUID).replaceAll('-', ''), 'hex'),
    startMs: moment(line['start']),
    durationMs: integer(line['durationMs'], 'durationMs', MAX_MS),
    firstByteMs:
      line['firstByteMs'] === undefined ? null : integer(line['firstByteMs'], 'firstByteMs', MAX_MS),
    consumer: name(line['consumer'], 'consumer', MAX_NAME_LENGTH),
    route: name(line['route'], 'route', MAX_NAME_LENGTH).replace(/^llm-routes\//, ''),
    provider,
    requestedModel,
    model: mappedModel === '' ? requestedModel : mappedModel,
    target: target === undefined ? null : Number(text(target, 'target', TARGET)),
    endpoint: text(usage['endpoint'], 'usage.endpoint', ENDPOINT),
    stream: boolean(usage['stream'], 'usage.stream'),
    estimated: boolean(usage['estimated'], 'usage.estimated'),
    outcome: outcome(usage['outcome']),
    status: integer(line['status'] ?? 0, 'status', 999),
    flags: text(line['flags'] ?? '-', 'flags', FLAGS),
    attempts: integer(line['attempts'] ?? 0, 'attempts', 1000),
    ...tokensOf(usage),
  };
}

/** Parts are held to their whole: a provider that counts otherwise must not make a record, or a cost, negative. */
function tokensOf(usage: Fields): CallTokens {
  const count = (field: string): number => integer(usage[field], `usage.${field}`, MAX_TOKENS);
  const input = count('input');
  const output = count('output');
  const cachedInput = Math.min(count('cachedInput'), input);
  return {
    input,
    cachedInput,
    cacheWrite: Math.min(count('cacheWrite'), input - cachedInput),
    output,
    reasoning: Math.min(count('reasoning'), output),
  };
}

/** `<key> <host:port>[ <mapped model>]`, as the endpoint's metadata say. */
function upstreamOf(value: unknown): { readonly provider: string; readonly mappedModel: string } {
  if (value === undefined) return { provider: NO_PROVIDER, mappedModel: '' };
  const whole = name(value, 'upstream', 2 * MAX_NAME_LENGTH + MAX_MODEL_LENGTH);
  const match = /^providers\/([^ ]+) [^ ]+(?: (.*))?$/s.exec(whole);
  if (match === null) throw new Misfit('upstream');
  return { provider: match[1] ?? NO_PROVIDER, mappedModel: match[2] ?? '' };
}

function parseObject(value: unknown, at: string): Fields {
  if (typeof value !== 'string') throw new Misfit(at);
  let parsed: unknown;
  try {
    parsed = JSON.parse(value);
  } catch {
    throw new Misfit(`${at} is not JSON`);
  }
  if (typeof parsed !== 'object' || parsed === null || Array.isArray(parsed)) throw new Misfit(at);
  return parsed as Fields;
}

function text(value: unknown, at: string, pattern: RegExp): string {
  if (typeof value !== 'string' || !pattern.test(value)) throw new Misfit(at);
  return value;
}

function name(value: unknown, at: string, maxLength: number): string {
  if (typeof value !== 'string' || value === '' || value.length > maxLength || NO_TEXT.test(value)) {
    throw new Misfit(at);
  }
  return value;
}

/** Clients choose it within what their grants admit. Whatever it is, the call counts: what is no text is replaced. */
function modelOf(value: unknown): string {
  if (typeof value !== 'string' || value === '') throw new Misfit('usage.model');
  return value.slice(0, MAX_MODEL_LENGTH).replaceAll(NO_TEXTS, '\ufffd');
}

function integer(value: unknown, at: string, max: number): number {
  if (typeof value !== 'number' || !Number.isInteger(value) || value < 0 || value > max) throw new Misfit(at);
  return value;
}

function boolean(value: unknown, at: string): boolean {
  if (typeof value !== 'boolean') throw new Misfit(at);
  return value;
}

function outcome(value: unknown): Outcome {
  const known = OUTCOMES.find((one) => one === value);
  if (known === undefined) throw new Misfit('usage.outcome');
  return known;
}

function moment(value: unknown): number {
  const ms = Date.parse(text(value, 'start', MOMENT));
  if (!(ms >= EARLIEST_MS && ms < LATEST_MS)) throw new Misfit('start');
  return ms;
}
