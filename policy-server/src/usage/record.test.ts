import { describe, expect, it } from 'vitest';
import { journalLine } from './journal.fixture.js';
import { decodeLine } from './record.js';

const ID = '0a1b2c3d-4e5f-4a6b-8c7d-9e0f1a2b3c4d';

/** The usual line with some fields replaced; undefined takes one away. */
function line(fields: Readonly<Record<string, unknown>>): string {
  return JSON.stringify({ ...(JSON.parse(journalLine({ id: ID })) as object), ...fields });
}

function usage(fields: Readonly<Record<string, unknown>>): string {
  return journalLine({ id: ID, usage: fields });
}

function record(text: string): object {
  const decoded = decodeLine(text);
  if ('problem' in decoded) throw new Error(decoded.problem);
  return decoded.record;
}

describe('a journal line', () => {
  it('becomes a record', () => {
    expect(record(journalLine({ id: ID }))).toEqual({
      id: Buffer.from(ID.replaceAll('-', ''), 'hex'),
      startMs: Date.UTC(2026, 0, 1, 10, 20, 30, 456),
      durationMs: 812,
      firstByteMs: 120,
      consumer: 'worker-alice',
      route: 'chat',
      provider: 'openai',
      requestedModel: 'gpt-4o',
      model: 'gpt-4o-2026',
      target: 0,
      endpoint: 'chat',
      stream: true,
      estimated: false,
      outcome: 'completed',
      status: 200,
      flags: '-',
      attempts: 1,
      input: 12,
      cachedInput: 4,
      cacheWrite: 2,
      output: 5,
      reasoning: 3,
    });
  });

  it.each<[string, string, object]>([
    ['no first byte', line({ firstByteMs: undefined }), { firstByteMs: null }],
    ['no target', line({ target: undefined }), { target: null }],
    ['no upstream', line({ upstream: undefined }), { provider: '(none)', model: 'gpt-4o' }],
    ['no mapped model', line({ upstream: 'providers/openai a:443' }), { model: 'gpt-4o' }],
    ['an empty mapped model', line({ upstream: 'providers/openai a:443 ' }), { model: 'gpt-4o' }],
    ['a mapped model with spaces', line({ upstream: 'providers/o [::1]:443 a b' }), { model: 'a b' }],
    [
      'no status, flags and attempts',
      line({ status: undefined, flags: undefined, attempts: undefined }),
      { status: 0, flags: '-', attempts: 0 },
    ],
    ['several flags', line({ flags: 'DC,UF' }), { flags: 'DC,UF' }],
    ['unknown fields', line({ future: { a: 1 } }), { status: 200 }],
    ['unknown usage', usage({ future: 1 }), { input: 12 }],
    ['a model of any letters', usage({ model: '模型/"☃"\\😀' }), { requestedModel: '模型/"☃"\\😀' }],
    [
      'a model named as a property of every object',
      usage({ model: '__proto__' }),
      { requestedModel: '__proto__' },
    ],
    [
      'a model with control characters',
      usage({ model: 'a\u0000\u007fb' }),
      { requestedModel: 'a\ufffd\ufffdb' },
    ],
    ['a model with half a character', usage({ model: 'a\ud800b' }), { requestedModel: 'a\ufffdb' }],
    ['a long model', usage({ model: 'm'.repeat(600) }), { requestedModel: 'm'.repeat(512) }],
    [
      'more cached tokens than input',
      usage({ cachedInput: 50, cacheWrite: 50 }),
      { cachedInput: 12, cacheWrite: 0 },
    ],
    ['more reasoning than output', usage({ reasoning: 50 }), { reasoning: 5 }],
    ['the most tokens', usage({ input: 1_000_000_000 }), { input: 1_000_000_000 }],
  ])('may have %s', (_case, text, expected) => {
    expect(record(text)).toMatchObject(expected);
  });

  it.each<[string, string, string]>([
    ['nothing', '', 'line is not JSON'],
    ['half a line', journalLine().slice(0, 100), 'line is not JSON'],
    ['two lines in one', journalLine() + journalLine(), 'line is not JSON'],
    ['null', 'null', 'line'],
    ['a list', '[]', 'line'],
    ['a number', '7', 'line'],
    ['deep nesting', '['.repeat(10_000), 'line is not JSON'],
    ['no id', line({ id: undefined }), 'id'],
    ['an id of a client', line({ id: 'evil' }), 'id'],
    ['an upper case id', line({ id: ID.toUpperCase() }), 'id'],
    ['an id with a line end', line({ id: `${ID}\n` }), 'id'],
    ['no start', line({ start: undefined }), 'start'],
    ['a start that is no moment', line({ start: '2026-13-41T10:20:30.456Z' }), 'start'],
    ['a start in another form', line({ start: '2026-01-01 10:20' }), 'start'],
    ['a start in the far past', line({ start: '1970-01-01T00:00:00.000Z' }), 'start'],
    ['a start in the far future', line({ start: '2200-01-01T00:00:00.000Z' }), 'start'],
    ['a negative duration', line({ durationMs: -1 }), 'durationMs'],
    ['an endless duration', line({ durationMs: 1e13 }), 'durationMs'],
    ['a textual duration', line({ durationMs: '5' }), 'durationMs'],
    ['a broken first byte', line({ firstByteMs: null }), 'firstByteMs'],
    ['no consumer', line({ consumer: undefined }), 'consumer'],
    ['an empty consumer', line({ consumer: '' }), 'consumer'],
    ['a consumer with a control character', line({ consumer: 'a\nb' }), 'consumer'],
    ['a long consumer', line({ consumer: 'a'.repeat(257) }), 'consumer'],
    ['no route', line({ route: undefined }), 'route'],
    ['a route that is an object', line({ route: {} }), 'route'],
    ['an upstream of another kind', line({ upstream: 'mcp-servers/a b:1' }), 'upstream'],
    ['an upstream without address', line({ upstream: 'providers/openai' }), 'upstream'],
    ['an upstream without name', line({ upstream: 'providers/ a:1' }), 'upstream'],
    ['a broken target', line({ target: '-1' }), 'target'],
    ['a status out of range', line({ status: 1000 }), 'status'],
    ['broken flags', line({ flags: 'a b' }), 'flags'],
    ['many attempts', line({ attempts: 1001 }), 'attempts'],
    ['no usage', line({ usage: undefined }), 'usage'],
    ['usage that is no text', line({ usage: { v: 1 } }), 'usage'],
    ['usage that is not JSON', line({ usage: '{' }), 'usage is not JSON'],
    ['usage that is a list', line({ usage: '[]' }), 'usage'],
    ['usage of another version', usage({ v: 2 }), 'usage.v'],
    ['no version', usage({ v: undefined }), 'usage.v'],
    ['an unknown outcome', usage({ outcome: 'paid' }), 'usage.outcome'],
    ['an outcome of every object', usage({ outcome: 'toString' }), 'usage.outcome'],
    ['an endpoint with spaces', usage({ endpoint: 'a b' }), 'usage.endpoint'],
    ['no model', usage({ model: '' }), 'usage.model'],
    ['a model that is no text', usage({ model: 7 }), 'usage.model'],
    ['negative tokens', usage({ input: -1 }), 'usage.input'],
    ['broken tokens', usage({ output: 1.5 }), 'usage.output'],
    ['too many tokens', usage({ output: 1_000_000_001 }), 'usage.output'],
    ['tokens as text', usage({ input: '12' }), 'usage.input'],
    ['no tokens', usage({ reasoning: undefined }), 'usage.reasoning'],
    ['tokens that are no number', usage({ cachedInput: null }), 'usage.cachedInput'],
    ['a stream that is no boolean', usage({ stream: 1 }), 'usage.stream'],
    ['an estimate that is no boolean', usage({ estimated: 'no' }), 'usage.estimated'],
  ])('is refused with %s', (_case, text, problem) => {
    expect(decodeLine(text)).toEqual({ problem });
  });
});
