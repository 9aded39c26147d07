import { Cleanup } from '../../network/cleanup.js';
import type { BenchContext } from '../context.js';
import { LOAD_CORE, totalCpuSeconds } from '../cores.js';
import { runPinnedJob } from '../load/pinned-child.js';
import { atMost, microseconds, type PartResult, type Table } from '../report/result.js';
import { chatBody } from '../requests.js';
import { startHelper } from '../rows/helper.js';
import { CREDENTIAL, startOurRow } from '../rows/our-row.js';
import type { Row } from '../rows/row.js';
import { directRow, plainRow } from '../rows/stock-rows.js';
import type { StreamJob, StreamMessage, StreamResult, StreamShape } from '../sse/stream-job.js';
import { figure } from '../statistics.js';

const STREAMS = 100;

interface Measured extends StreamResult {
  /** CPU seconds of the gateway per chunk, from when all streams were open. */
  readonly cpuPerChunk: number;
}

/** Many streams at once, a chunk now and then on each. */
export async function sse({ binary, folder, quick, progress }: BenchContext): Promise<PartResult> {
  await using cleanup = new Cleanup();
  const shape: StreamShape = { chunks: quick ? 50 : 200, intervalMs: 20 };
  const env = { CHUNKS: String(shape.chunks), INTERVAL_MS: String(shape.intervalMs) };
  const upstream = cleanup.use(
    await startHelper(new URL('../sse/stream-upstream.js', import.meta.url), env, LOAD_CORE),
  );
  const ours = cleanup.use(await startOurRow(upstream.port));
  const context = { binary, folder, upstreamPort: upstream.port, token: ours.token, credential: CREDENTIAL };
  const rows = [directRow(context, upstream.pid), cleanup.use(await plainRow(context)), ours];
  const rounds = quick ? 1 : 3;
  const results = new Map<string, Measured[]>(rows.map((row) => [row.name, []]));
  for (let round = 1; round <= rounds; round++) {
    for (const row of rows) {
      await row.restart();
      const measured = await streamThrough(row, ours.token);
      assertWhole(row, measured, shape);
      results.get(row.name)?.push(measured);
      progress(`round ${round} ${row.name}: ${(measured.cpuPerChunk * 1e6).toFixed(1)} µs CPU per chunk`);
    }
  }
  const cells = (row: Row, of: (measured: Measured) => number): ReturnType<typeof figure> =>
    figure((results.get(row.name) ?? []).map(of));
  const table: Table = {
    columns: [
      { key: 'sent', title: 'chunks in', digits: 0 },
      { key: 'events', title: 'events out', digits: 0 },
      { key: 'chunks', title: 'chunks out', digits: 0 },
      { key: 'cpu', title: 'CPU µs/chunk', digits: 1 },
      { key: 'p50', title: 'delay p50 ms', digits: 3 },
      { key: 'p99', title: 'delay p99 ms', digits: 3 },
    ],
    rows: rows.map((row) => ({
      label: row.name,
      cells: {
        sent: cells(row, () => STREAMS * shape.chunks),
        events: cells(row, ({ events }) => events),
        chunks: cells(row, ({ chunks }) => chunks),
        ...(row.name === 'direct' ? {} : { cpu: cells(row, ({ cpuPerChunk }) => cpuPerChunk * 1e6) }),
        p50: cells(row, ({ delay }) => delay.p50),
        p99: cells(row, ({ delay }) => delay.p99),
      },
    })),
  };
  const lost = cells(ours, ({ events }) => STREAMS * shape.chunks - events);
  return {
    title: 'Streams of server-sent events',
    method: [
      `${STREAMS} streams at once, ${shape.chunks} chunks each, one per ${shape.intervalMs} ms and stream (${(STREAMS * 1000) / shape.intervalMs} per second together).`,
      'CPU is the whole gateway process’s from when all streams were open; the delay is from the upstream’s write to the client’s read. Chunks out may be fewer than events where two came in one read, and count the last one with [DONE].',
    ],
    tables: [table],
    targets: [
      { what: 'events in = events out', target: '0 lost', measured: `${lost.max} lost`, met: lost.max === 0 },
      atMost(
        'CPU per chunk',
        20e-6,
        cells(ours, ({ cpuPerChunk }) => cpuPerChunk),
        microseconds,
      ),
    ],
  };
}

function streamThrough(row: Row, token: string): Promise<Measured> {
  const body = chatBody({ stream: true });
  const job: StreamJob = {
    port: row.port,
    path: '/v1/chat/completions',
    headers: {
      authorization: `Bearer ${token}`,
      'content-type': 'application/json',
      'content-length': String(Buffer.byteLength(body)),
    },
    body,
    streams: STREAMS,
  };
  const used = (): number => totalCpuSeconds(row.pids);
  let before = NaN;
  return runPinnedJob(new URL('../sse/stream-client.js', import.meta.url), job, (told) => {
    const message = told as StreamMessage;
    if ('open' in message) {
      before = used();
      return undefined;
    }
    return { ...message, cpuPerChunk: (used() - before) / message.events };
  });
}

/** @throws Error when a stream was cut or refused: what is lost is reported, what never ran is not a result */
function assertWhole(row: Row, measured: Measured, shape: StreamShape): void {
  if (measured.complete === STREAMS) return;
  throw new Error(
    `${row.name}: ${measured.complete} of ${STREAMS} streams came to their end, ${measured.events} of ${STREAMS * shape.chunks} events`,
  );
}
