/** The load generator's process: takes one job over IPC, tells when it has warmed up, answers with the result, ends. */
import { setPriority } from 'node:os';
import { percentile } from '../statistics.js';
import { type Connection, openConnection } from './connection.js';
import type { LoadJob, LoadMessage } from './job.js';

const tell = (message: LoadMessage): void => void process.send?.(message);

process.once('message', (job: LoadJob) => {
  const load = job.rate === undefined ? closedLoop(job) : openLoop(job, job.rate);
  void load.then(() => process.disconnect());
});

/** Counts from the end of the warm-up on. */
class Tally {
  readonly #samples: number[] = [];
  readonly #failures: Record<string, number> = {};
  #since = 0;
  readonly #warm: number;

  constructor(job: LoadJob) {
    const start = performance.now();
    this.#warm = start + job.warmUpSeconds * 1000;
    if (job.warmUpSeconds === 0) this.#begin(start);
  }

  #begin(at: number): void {
    this.#since = at;
    tell({ warm: true });
  }

  /** Takes one answer; returns the time. */
  add(status: number, due: number): number {
    const now = performance.now();
    if (now < this.#warm) return now;
    if (this.#since === 0) this.#begin(now);
    if (status === 200) this.#samples.push(now - due);
    else this.#failures[status] = (this.#failures[status] ?? 0) + 1;
    return now;
  }

  finish(): void {
    const seconds = (performance.now() - this.#since) / 1000;
    const samples = this.#samples.sort((a, b) => a - b);
    const at = (fraction: number): number => percentile(samples, fraction);
    const latency = { p50: at(0.5), p90: at(0.9), p99: at(0.99), max: at(1) };
    tell({ requests: samples.length, failures: this.#failures, seconds, latency });
  }
}

/** One request after the other, from the first again after the last. */
function inTurn(requests: readonly string[]): () => Buffer {
  const buffers = requests.map((request) => Buffer.from(request, 'latin1'));
  let sent = 0;
  return () => buffers[sent++ % buffers.length] ?? Buffer.alloc(0);
}

/** Every connection sends its next request as soon as the last one was answered. */
function closedLoop(job: LoadJob): Promise<void> {
  const next = inTurn(job.requests);
  const tally = new Tally(job);
  const end = performance.now() + (job.warmUpSeconds + job.seconds) * 1000;
  return new Promise((resolve) => {
    let open = job.connections;
    const start = performance.now();
    for (let i = 0; i < job.connections; i++) {
      let due = start;
      const connection = openConnection(job.port, next, (status) => {
        due = tally.add(status, due);
        if (due < end) {
          connection.send();
          return;
        }
        connection.close();
        if (--open > 0) return;
        tally.finish();
        resolve();
      });
      connection.send();
    }
  });
}

/** Requests are due at random times; one that finds no free connection waits, and its wait counts. */
function openLoop(job: LoadJob, rate: number): Promise<void> {
  // Node's timers tick in milliseconds: spin instead, below everything else that runs on this core.
  setPriority(19);
  const next = inTurn(job.requests);
  const tally = new Tally(job);
  const waiting: number[] = [];
  const connections: Connection[] = [];
  const free: (() => void)[] = [];
  for (let i = 0; i < job.connections; i++) {
    let since = 0;
    const start = (): void => {
      since = waiting.shift() ?? 0;
      connection.send();
    };
    const connection = openConnection(job.port, next, (status) => {
      tally.add(status, since);
      free.push(start);
    });
    connections.push(connection);
    free.push(start);
  }
  let due = performance.now();
  const end = due + (job.warmUpSeconds + job.seconds) * 1000;
  return new Promise((resolve) => {
    const spin = (): void => {
      const now = performance.now();
      for (; due <= now && due < end; due += (-Math.log(1 - Math.random()) * 1000) / rate) {
        waiting.push(due);
      }
      while (waiting.length > 0 && free.length > 0) free.pop()?.();
      const drained = waiting.length === 0 && free.length === job.connections;
      if (now < end || (!drained && now < end + DRAIN_MS)) return void setImmediate(spin);
      for (const connection of connections) connection.close();
      tally.finish();
      resolve();
    };
    spin();
  });
}

const DRAIN_MS = 2000;
