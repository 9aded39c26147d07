// The same questions as the plugin's reader answers, answered the slow way: everything is there, lines are split by a
// regular expression, and JSON.parse says what is JSON.

import type { UsageCase, UsageNumbers } from './usage-corpus.js';

type Fields = Readonly<Record<string, unknown>>;
/** Counts by name; null: the value was no count. */
type Counts = Readonly<Record<string, number | null>>;

const MOST = 100_000_000;
const GENERATING = /^(chat|completions|responses|messages|gemini_generate|gemini_stream)$/;
const LAST_TYPES =
  /^(message_stop|response\.(completed|incomplete|cancelled|failed)|(speech\.audio|transcript\.text)\.done|image_(edit|generation)\.completed)$/;
const TEXTS = new Set(
  (
    'text code parts delta content summary refusal thinking function reasoning arguments transcript tool_calls ' +
    'partial_json functionCall function_call reasoning_content'
  ).split(' '),
);
/** Rank of usage by where it stands. */
const RANK = { choice: 1, groq: 2, tokens: 3, billed: 4, wrapped: 5, top: 6 };

interface Found {
  readonly rank: number;
  readonly counts: Counts;
}

interface Document {
  readonly counts: Counts;
  readonly contentBytes: number;
  readonly hasChoices: boolean;
  readonly hasUsage: boolean;
  readonly fails: boolean;
  readonly type: unknown;
}

/** What the plugin should make of a response of one of the generating endpoints. */
export function referenceUsage(call: UsageCase): { readonly record: UsageNumbers; readonly client: Buffer } {
  const body = Buffer.concat(call.pieces);
  const reading = read(call, body);
  return { record: settle(call, body, reading), client: reading.client };
}

interface Reading {
  readonly kind: 'json' | 'events' | 'nothing' | 'opaque';
  readonly client: Buffer;
  readonly counts: Record<string, number>;
  readonly bad: Set<string>;
  contentBytes: number;
  contentEvents: number;
  fails: boolean;
  finished: boolean;
  isBroken: boolean;
}

function isObject(value: unknown): value is Fields {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/** Objects in a value, arrays of arrays laid flat. */
function objects(value: unknown): Fields[] {
  if (Array.isArray(value)) return value.flatMap(objects);
  return isObject(value) ? [value] : [];
}

function textBytes(value: unknown): number {
  if (typeof value === 'string') return Buffer.byteLength(value);
  if (Array.isArray(value)) return value.reduce<number>((sum, item) => sum + textBytes(item), 0);
  if (!isObject(value)) return 0;
  return Object.entries(value).reduce((sum, [key, item]) => sum + (TEXTS.has(key) ? textBytes(item) : 0), 0);
}

/** A container of texts, which is itself no text. */
function holderBytes(value: unknown): number {
  return typeof value === 'string' ? 0 : textBytes(value);
}

function countOf(value: unknown): number | null | undefined {
  if (value === undefined || value === null) return undefined;
  const isCount =
    typeof value === 'number' &&
    Number.isInteger(value) &&
    value >= 0 &&
    !Object.is(value, -0) &&
    value <= MOST;
  return isCount ? value : null;
}

/** All counts of a usage object, under one name each. */
function countsOf(usage: Fields, isGemini: boolean): Counts {
  const counts: Record<string, number | null> = {};
  const take = (name: string, value: unknown): void => {
    const count = countOf(value);
    if (count !== undefined) counts[name] = count;
  };
  for (const [key, value] of Object.entries(usage)) {
    if (isGemini) {
      if (key === 'promptTokenCount') take('prompt', value);
      if (key === 'candidatesTokenCount') take('completion', value);
      if (key === 'totalTokenCount') take('total', value);
      if (key === 'thoughtsTokenCount') take('thoughts', value);
      if (key === 'cachedContentTokenCount') take('cached', value);
      if (key === 'toolUsePromptTokenCount') take('tool', value);
      continue;
    }
    if (key === 'prompt_tokens') take('prompt', value);
    if (key === 'input_tokens') take('input', value);
    if (key === 'completion_tokens') take('completion', value);
    if (key === 'output_tokens') take('output', value);
    if (key === 'total_tokens') take('total', value);
    if (key === 'cached_tokens' || key === 'prompt_cache_hit_tokens') take('hit', value);
    if (key === 'prompt_cache_miss_tokens') take('miss', value);
    if (key === 'cache_read_input_tokens') take('read', value);
    if (key === 'cache_creation_input_tokens') take('creation', value);
    if (key === 'reasoning_tokens') take('reasoning', value);
    if (key === 'prompt_tokens_details' || key === 'input_tokens_details') {
      for (const details of objects(value)) {
        take('cached', details['cached_tokens']);
        for (const name of Object.keys(details)) {
          if (name === 'cache_write_tokens' || name === 'cache_creation_tokens') take('write', details[name]);
        }
      }
    }
    if (key === 'completion_tokens_details' || key === 'output_tokens_details') {
      for (const details of objects(value)) take('reasoning', details['reasoning_tokens']);
    }
    if (key === 'cache_creation') {
      for (const details of objects(value)) {
        take('5m', details['ephemeral_5m_input_tokens']);
        take('1h', details['ephemeral_1h_input_tokens']);
      }
    }
  }
  return counts;
}

/** Usage in the order in which it stands in the document; null: something stands there that is no usage. */
function* usagesOf(document: Fields): Generator<Found | { readonly rank: number; readonly counts: null }> {
  function* usage(rank: number, value: unknown, isGemini = false): ReturnType<typeof usagesOf> {
    if (isObject(value)) yield { rank, counts: countsOf(value, isGemini) };
    else if (value !== undefined) yield { rank, counts: null };
  }
  for (const [key, value] of Object.entries(document)) {
    if (key === 'usage') yield* usage(RANK.top, value);
    if (key === 'usageMetadata') yield* usage(RANK.top, value, true);
    if (key === 'response' || key === 'message') {
      for (const inner of objects(value)) yield* usage(RANK.wrapped, inner['usage']);
    }
    if (key === 'x_groq') for (const inner of objects(value)) yield* usage(RANK.groq, inner['usage']);
    if (key === 'choices') for (const inner of objects(value)) yield* usage(RANK.choice, inner['usage']);
    if (key === 'meta') {
      for (const inner of objects(value)) {
        for (const [name, units] of Object.entries(inner)) {
          if (name === 'billed_units') yield* usage(RANK.billed, units);
          if (name === 'tokens') yield* usage(RANK.tokens, units);
        }
      }
    }
  }
}

function readDocument(document: Fields, isWhole: boolean): Document {
  let found: Found = { rank: 0, counts: {} };
  let hasUsage = false;
  for (const { rank, counts } of usagesOf(document)) {
    const isAgain = rank === found.rank && rank !== RANK.choice;
    if (rank === RANK.top) hasUsage = counts !== null;
    if (counts === null) {
      if (isAgain) found = { rank: 0, counts: {} };
    } else if (rank >= found.rank) {
      const hasCounts = Object.keys(counts).length > 0;
      if (isAgain || hasCounts) found = hasCounts ? { rank, counts } : { rank: 0, counts: {} };
    }
  }
  let contentBytes = 0;
  let fails = false;
  let hasChoices = false;
  for (const [key, value] of Object.entries(document)) {
    if (key === 'delta' || key === 'content' || key === 'output') contentBytes += textBytes(value);
    if (key === 'text' && isWhole) contentBytes += textBytes(value);
    if (key === 'candidates' || key === 'content_block') contentBytes += holderBytes(value);
    if (key === 'message') for (const inner of objects(value)) contentBytes += textBytes(inner['content']);
    if (key === 'choices') {
      hasChoices = value !== null && !(Array.isArray(value) && value.length === 0);
      for (const choice of objects(value)) {
        contentBytes +=
          holderBytes(choice['delta']) + holderBytes(choice['message']) + textBytes(choice['text']);
      }
    }
    if (key === 'error') fails ||= value !== null && value !== false;
    if (key === 'response')
      fails ||= objects(value).some(({ error = null }) => error !== null && error !== false);
    if (key === 'type') fails ||= value === 'error' || value === 'response.failed';
  }
  const { type } = document;
  return { counts: found.counts, contentBytes, hasChoices, hasUsage, fails, type };
}

/** Takes a document into account; true when it is nothing but usage. */
function note(call: UsageCase, reading: Reading, document: Document): boolean {
  reading.contentBytes += document.contentBytes;
  if (document.contentBytes > 0) {
    reading.contentEvents++;
    reading.finished = false;
  }
  reading.fails ||= document.fails;
  let hasCounts = false;
  for (const [name, count] of Object.entries(document.counts)) {
    if (count === null) {
      reading.bad.add(name);
      continue;
    }
    hasCounts = true;
    if (count === 0 && reading.counts[name] !== undefined) continue;
    reading.counts[name] = count;
    reading.bad.delete(name);
  }
  const isUsage = document.hasUsage && !document.hasChoices;
  const endsChat = isUsage && (call.endpoint === 'chat' || call.endpoint === 'completions');
  if (hasCounts && (endsChat || document.type === 'message_delta')) reading.finished = true;
  if (typeof document.type === 'string' && LAST_TYPES.test(document.type)) reading.finished = true;
  return isUsage && document.contentBytes === 0 && !document.fails;
}

function read(call: UsageCase, body: Buffer): Reading {
  const isEvents = /^text\/event-stream/i.test(call.headers['content-type'] ?? '');
  const first = body.find(
    (byte) => (isEvents || byte > 0x20) && byte !== 0xef && byte !== 0xbb && byte !== 0xbf,
  );
  const reading: Reading = {
    kind: 'nothing',
    client: body,
    counts: {},
    bad: new Set(),
    contentBytes: 0,
    contentEvents: 0,
    fails: false,
    finished: false,
    isBroken: false,
  };
  if (first === undefined) return reading;
  if (first === 0x7b || first === 0x5b) return readJson(call, { ...reading, kind: 'json' }, body);
  if (!isEvents && !call.stream) return { ...reading, kind: 'opaque' };
  return readEvents(call, { ...reading, kind: 'events', isBroken: true }, body, isEvents);
}

function readJson(call: UsageCase, reading: Reading, body: Buffer): Reading {
  try {
    const value: unknown = JSON.parse(body.toString().replace(/^\ufeff/, ''));
    for (const document of Array.isArray(value) ? value : [value]) {
      if (isObject(document)) note(call, reading, readDocument(document, true));
    }
    reading.finished = true;
  } catch {
    reading.isBroken = true;
  }
  return reading;
}

function readEvents(call: UsageCase, reading: Reading, body: Buffer, isEvents: boolean): Reading {
  const takesOut =
    isEvents &&
    call.stream &&
    call.addsUsage &&
    !call.asksUsage &&
    (call.endpoint === 'chat' || call.endpoint === 'completions');
  const bom = body.subarray(0, 3).toString('hex') === 'efbbbf' ? 3 : 0;
  const kept: Buffer[] = [body.subarray(0, bom)];
  let event: { readonly lines: Buffer[]; readonly data: Buffer[]; isOpen: boolean } = {
    lines: [],
    data: [],
    isOpen: false,
  };
  const end = (): void => {
    const isUsage =
      event.data.length > 0 &&
      noteEvent(
        call,
        reading,
        Buffer.concat(
          event.data.flatMap((line, index) => (index === 0 ? [line] : [Buffer.from('\n'), line])),
        ).toString(),
      );
    if (!(takesOut && isUsage)) kept.push(...event.lines);
    event = { lines: [], data: [], isOpen: false };
  };
  for (const [line] of body
    .subarray(bom)
    .toString('latin1')
    .matchAll(/[^\r\n]*(?:\r\n|\r|\n|$)/g)) {
    const bytes = Buffer.from(line, 'latin1');
    const text = line.replace(/[\r\n]+$/, '');
    const isComment = text.startsWith(':');
    if (isComment && !event.isOpen) {
      kept.push(bytes);
      continue;
    }
    event.lines.push(bytes);
    if (text === '') {
      if (line !== '') end();
      continue;
    }
    event.isOpen ||= !isComment;
    const match = /^data(?::[ ]?([^]*))?$/.exec(text);
    if (match !== null) {
      event.data.push(Buffer.from(match[1] ?? '', 'latin1'));
      reading.isBroken = false;
    }
  }
  if (event.lines.length > 0) end();
  return { ...reading, client: Buffer.concat(kept) };
}

/** True when the event is nothing but usage. */
function noteEvent(call: UsageCase, reading: Reading, data: string): boolean {
  if (data === '[DONE]') {
    reading.finished = true;
    return false;
  }
  let value: unknown;
  try {
    value = JSON.parse(data);
  } catch {
    return false;
  }
  return isObject(value) && note(call, reading, readDocument(value, false));
}

function settle(call: UsageCase, body: Buffer, reading: Reading): UsageNumbers {
  const zero = { input: 0, cachedInput: 0, cacheWrite: 0, output: 0, reasoning: 0, estimated: false };
  if (!GENERATING.test(call.endpoint)) throw new Error(`the reference does not know ${call.endpoint}`);
  if (call.end === 'client-early') {
    return { ...zero, input: Math.ceil(call.requestBytes / 4), estimated: true, outcome: 'aborted' };
  }
  const isEnded = call.end === 'complete' || call.end === 'trailers';
  const { counts, bad, fails, finished } = reading;
  if (call.status < 200 || call.status > 299) return { ...zero, outcome: 'failed' };
  const outcome = fails ? 'failed' : isEnded || finished ? 'completed' : 'aborted';
  const isUnread = reading.kind === 'opaque' || (reading.kind !== 'nothing' && reading.isBroken);
  const guess = isUnread
    ? Math.ceil(body.length / 4)
    : Math.max(Math.ceil(reading.contentBytes / 4), reading.contentEvents);
  if (fails && Object.keys(counts).length === 0 && guess === 0) return { ...zero, outcome };
  const isPreliminary = call.endpoint === 'messages' && reading.kind === 'events';
  const isWhole = finished || (isEnded && !fails && !isPreliminary);
  return { ...numbersOf(call, counts, bad.size > 0, guess, isWhole), outcome };
}

function numbersOf(
  call: UsageCase,
  c: Readonly<Record<string, number>>,
  hasBad: boolean,
  guess: number,
  isWhole: boolean,
): Omit<UsageNumbers, 'outcome'> {
  const creation = c['creation'] ?? (c['5m'] ?? 0) + (c['1h'] ?? 0);
  const hit = Math.max(c['cached'] ?? 0, c['hit'] ?? 0);
  let cachedInput = Math.max(hit, c['read'] ?? 0);
  let cacheWrite = Math.max(c['write'] ?? 0, creation);
  const named = (c['completion'] ?? c['output'] ?? 0) + (c['thoughts'] ?? 0);
  const isNamed = ['completion', 'output', 'thoughts'].some((name) => c[name] !== undefined);
  const total = c['total'];
  let estimated = hasBad;
  let input = 0;
  if (c['prompt'] !== undefined) input = c['prompt'] + (c['tool'] ?? 0);
  else if (c['input'] !== undefined) input = c['input'] + (c['read'] ?? 0) + creation;
  else if (c['miss'] !== undefined) input = hit + c['miss'];
  else if (total !== undefined && isNamed) input = Math.max(total - named, 0);
  if (input > 0 && cachedInput + cacheWrite > input) {
    input += cachedInput + cacheWrite;
    estimated = true;
  }
  let output = named;
  const reasoning = Math.max(c['reasoning'] ?? 0, c['thoughts'] ?? 0);
  if (input > 0 && total !== undefined && total > input + output) output = total - input;
  if (reasoning > output) {
    output += reasoning;
    estimated = true;
  }
  if (input === 0) {
    estimated = true;
    cachedInput = 0;
    cacheWrite = 0;
    input = Math.ceil(call.requestBytes / 4);
    if (total !== undefined && total > 0) {
      output = Math.max(output, guess, 1);
      if (total > output) input = total - output;
    }
  }
  const isTold = isNamed || (total !== undefined && (c['prompt'] !== undefined || c['input'] !== undefined));
  if (!(isWhole && isTold && (output > 0 || guess === 0))) {
    estimated = true;
    output = Math.max(output, guess, isWhole ? 1 : 0);
  }
  return { input, cachedInput, cacheWrite, output, reasoning, estimated };
}
