import { request } from 'undici';
import type { WholeCase } from '../load/whole-rounds.js';

/** A call for a stream of so many content chunks. */
export interface StreamCase extends WholeCase {
  readonly chunks: number;
}

/**
 * Makes the case's call once and looks at what comes: all content, the end, and no usage, for which it did not ask.
 *
 * @throws Error that says what is missing or too much: a gateway that drops chunks is fast
 */
export async function assertStream({ name, row, call, chunks }: StreamCase): Promise<void> {
  const { path, headers, body } = call;
  const url = `http://127.0.0.1:${row.port}${path}`;
  const { statusCode, body: answer } = await request(url, { method: 'POST', headers: { ...headers }, body });
  const text = await answer.text();
  const words = text.match(/"content":" gateway"/g)?.length ?? 0;
  const ends = text.includes('data: [DONE]');
  const usage = /"usage":\s*\{/.test(text);
  if (statusCode === 200 && words === chunks && ends && !usage) return;
  const found = `${words} of ${chunks} chunks, ${ends ? 'the' : 'no'} end, ${usage ? 'usage that nobody asked for' : 'no usage'}`;
  throw new Error(`${name}: status ${statusCode}, ${found}:\n${text.slice(0, 2000)}`);
}
