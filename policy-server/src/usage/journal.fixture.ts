import { randomUUID } from 'node:crypto';

/** What a journal line of a test says; everything else is usual. */
export interface LineFields {
  readonly id?: string;
  readonly start?: string;
  readonly consumer?: string;
  readonly route?: string;
  readonly upstream?: string;
  readonly usage?: Readonly<Record<string, unknown>>;
}

/** A line as Envoy writes it, without its end. */
export function journalLine(fields: LineFields = {}): string {
  const { usage, ...line } = fields;
  return JSON.stringify({
    attempts: 1,
    consumer: 'worker-alice',
    durationMs: 812,
    firstByteMs: 120,
    flags: '-',
    id: randomUUID(),
    route: 'llm-routes/chat',
    start: '2026-01-01T10:20:30.456Z',
    status: 200,
    target: '0',
    upstream: 'providers/openai api.openai.com:443 gpt-4o-2026',
    ...line,
    usage: JSON.stringify({
      v: 1,
      endpoint: 'chat',
      model: 'gpt-4o',
      stream: true,
      input: 12,
      cachedInput: 4,
      cacheWrite: 2,
      output: 5,
      reasoning: 3,
      estimated: false,
      outcome: 'completed',
      ...usage,
    }),
  });
}
