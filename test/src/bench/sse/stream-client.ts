/** The client of the stream benchmark: opens all streams of one job, counts what comes, and measures how long it took. */
import { Agent, request } from 'node:http';
import { percentile } from '../statistics.js';
import type { StreamJob, StreamMessage } from './stream-job.js';

const STAMP = /data: \{"at":(\d+)/g;
const tell = (message: StreamMessage): void => void process.send?.(message);

process.once('message', (job: StreamJob) => {
  void run(job).then(() => process.disconnect());
});

async function run(job: StreamJob): Promise<void> {
  const agent = new Agent({ keepAlive: false, maxSockets: Infinity });
  const delays: number[] = [];
  let chunks = 0;
  let complete = 0;
  let opened = 0;
  let start = 0;
  const stream = (): Promise<void> =>
    new Promise((resolve) => {
      const { port, path, headers } = job;
      const outgoing = request(
        { agent, host: '127.0.0.1', port, path, method: 'POST', headers },
        (incoming) => {
          if (++opened === job.streams) {
            start = performance.now();
            tell({ open: true });
          }
          let done = false;
          incoming.setEncoding('latin1');
          incoming.on('data', (text: string) => {
            const now = process.hrtime.bigint();
            chunks++;
            for (const [, at] of text.matchAll(STAMP)) delays.push(Number(now - BigInt(at ?? 0)) / 1e6);
            if (text.includes('[DONE]')) done = true;
          });
          incoming.on('close', () => {
            if (done && incoming.complete && incoming.statusCode === 200) complete++;
            resolve();
          });
          incoming.on('error', () => undefined);
        },
      );
      outgoing.on('error', () => resolve());
      outgoing.end(job.body);
    });
  await Promise.all(Array.from({ length: job.streams }, stream));
  const seconds = (performance.now() - start) / 1000;
  const sorted = delays.sort((a, b) => a - b);
  const delay = { p50: percentile(sorted, 0.5), p99: percentile(sorted, 0.99) };
  tell({ events: sorted.length, chunks, complete, seconds, delay });
}
