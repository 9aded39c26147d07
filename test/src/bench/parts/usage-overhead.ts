import { Cleanup } from '../../network/cleanup.js';
import type { BenchContext } from '../context.js';
import { LOAD_CORE } from '../cores.js';
import { wholeFigure, type WholeRound, wholeRounds } from '../load/whole-rounds.js';
import { atMost, microseconds, type PartResult, type Table } from '../report/result.js';
import { chatCall, modelRequest, serviceRequest } from '../requests.js';
import { compare, cpu, disturbance, interleavedRounds, perSecond, roundFigure } from '../rounds.js';
import { startHelper } from '../rows/helper.js';
import { createStreamPolicy, CREDENTIAL, startOurRow } from '../rows/our-row.js';
import { namedRow, type Row } from '../rows/row.js';
import { plainRow } from '../rows/stock-rows.js';
import { startUpstream } from '../rows/upstream.js';
import { assertStream, type StreamCase } from '../sse/assert-stream.js';
import { assertCounted } from '../sse/counted-usage.js';
import { figure } from '../statistics.js';

const CONNECTIONS = 32;
const STREAMS = 64;
const INTERVAL_MS = 5;
const SHORT = 20;
const LONG = 200;

/** What it costs to read each answer's usage and to take a stream's usage chunk out, against forwarding alone. */
export async function usageOverhead(context: BenchContext): Promise<PartResult> {
  const json = await jsonAnswers(context);
  const streams = await streamedAnswers(context);
  return {
    title: 'Reading usage',
    method: [
      `JSON: POST with a 1,000 byte body over ${CONNECTIONS} connections, answers of 0.5 kB with their usage. "Service" goes through a service route, where nobody looks at bodies; "LLM" reads the model in the request and the usage in the answer, and with the journal writes a line about it, which the policy server counts while the load runs.`,
      `Streams: ${STREAMS} connections, a chunk per ${INTERVAL_MS} ms and stream; the client does not ask for usage, so that the LLM route asks for it and takes the chunk with it out again. CPU per chunk is the difference between streams of ${LONG} and of ${SHORT} chunks, without what each request costs.`,
      ...json.disturbed,
    ],
    tables: [json.table, streams.table],
    targets: [atMost('CPU per chunk of a stream whose usage is read', 20e-6, streams.perChunk, microseconds)],
  };
}

async function jsonAnswers({
  binary,
  folder,
  quick,
  progress,
}: BenchContext): Promise<{ table: Table; disturbed: readonly string[] }> {
  await using cleanup = new Cleanup();
  const upstream = cleanup.use(await startUpstream(binary, folder));
  const ours = cleanup.use(await startOurRow(upstream.port));
  const silent = cleanup.use(await startOurRow(upstream.port, { name: 'LLM', usageJournal: false }));
  const shared = { binary, folder, upstreamPort: upstream.port, token: ours.token, credential: CREDENTIAL };
  const plain = cleanup.use(await plainRow(shared));
  const service = namedRow('service', ours);
  const journal = namedRow('LLM + journal', ours);
  const requests = new Map<Row, string>([
    [plain, modelRequest(ours.token)],
    [service, serviceRequest(ours.token)],
    [silent, modelRequest(silent.token)],
    [journal, modelRequest(ours.token)],
  ]);
  const rounds = await interleavedRounds([...requests.keys()], {
    rounds: quick ? 2 : 4,
    job: (row) => ({
      requests: [requests.get(row) ?? ''],
      connections: CONNECTIONS,
      warmUpSeconds: quick ? 0.3 : 0.7,
      seconds: quick ? 0.6 : 1.5,
    }),
    restart: true,
    progress,
  });
  const table: Table = {
    columns: [
      { key: 'perSecond', title: 'requests/s', digits: 0 },
      { key: 'cpu', title: 'CPU µs/request', digits: 1 },
      { key: 'ofPlain', title: 'CPU x plain', digits: 2 },
      { key: 'more', title: 'CPU µs more than service', digits: 1 },
      { key: 'core', title: 'core, %', digits: 0 },
    ],
    rows: [...requests.keys()].map(({ name }) => ({
      label: name,
      cells: {
        perSecond: roundFigure(rounds, name, perSecond),
        cpu: roundFigure(rounds, name, (load) => load.cpuPerRequest * 1e6),
        ofPlain: compare(rounds, name, plain.name, cpu),
        ...(name === plain.name || name === service.name
          ? {}
          : {
              more: compare(rounds, name, service.name, cpu, (mine, theirs) => (mine - theirs) * 1e6),
            }),
        core: roundFigure(rounds, name, (load) => load.coreShare * 100),
      },
    })),
  };
  return {
    table,
    disturbed: disturbance(
      rounds,
      [...requests.keys()].map(({ name }) => name),
    ),
  };
}

async function streamedAnswers({
  binary,
  folder,
  quick,
  progress,
}: BenchContext): Promise<{ table: Table; perChunk: ReturnType<typeof figure> }> {
  await using cleanup = new Cleanup();
  const env = { INTERVAL_MS: String(INTERVAL_MS) };
  const upstream = cleanup.use(
    await startHelper(new URL('../sse/chat-upstream.js', import.meta.url), env, LOAD_CORE),
  );
  const ours = cleanup.use(await startOurRow(upstream.port));
  await createStreamPolicy(ours.network, upstream.port);
  const { token } = ours;
  const shared = { binary, folder, upstreamPort: upstream.port, token, credential: CREDENTIAL };
  const plain = cleanup.use(await plainRow(shared));
  const rows: readonly (readonly [row: Row, path: string])[] = [
    [plain, '/v1/chat/completions'],
    [namedRow('service', ours), '/services/streams/chat/completions'],
    [namedRow('LLM + journal', ours), '/streams/chat/completions'],
  ];
  const cases = rows.flatMap(([row, path]) =>
    [SHORT, LONG].map((chunks): StreamCase => ({
      name: `${row.name}, ${chunks} chunks`,
      row,
      chunks,
      call: chatCall({ path, token, chunks }),
    })),
  );
  for (const one of cases) await assertStream(one);
  await assertCounted(ours.network.admin, 2, SHORT + LONG);
  const rounds = await wholeRounds(cases, {
    rounds: quick ? 1 : 3,
    connections: STREAMS,
    seconds: quick ? 1 : 2,
    warmUpSeconds: 0.3,
    progress,
  });
  const of = (index: number): readonly WholeRound[] => rounds[index] ?? [];
  /** Seconds of CPU per chunk of each round of the row, from its case of short and its case of long streams. */
  const perChunk = (row: number): readonly number[] =>
    of(2 * row + 1).map(({ cpuPerAnswer }, round) => {
      const short = of(2 * row)[round]?.cpuPerAnswer ?? NaN;
      return (cpuPerAnswer - short) / (LONG - SHORT);
    });
  const table: Table = {
    columns: [
      { key: 'short', title: `CPU µs/stream of ${SHORT}`, digits: 0 },
      { key: 'long', title: `CPU µs/stream of ${LONG}`, digits: 0 },
      { key: 'chunk', title: 'CPU µs/chunk', digits: 1 },
      { key: 'ofPlain', title: 'x plain', digits: 2 },
    ],
    rows: rows.map(([{ name }], row) => ({
      label: `${name}, streams`,
      cells: {
        short: wholeFigure(of(2 * row), ({ cpuPerAnswer }) => cpuPerAnswer * 1e6),
        long: wholeFigure(of(2 * row + 1), ({ cpuPerAnswer }) => cpuPerAnswer * 1e6),
        chunk: figure(perChunk(row).map((seconds) => seconds * 1e6)),
        ofPlain: figure(perChunk(row).map((seconds, round) => seconds / (perChunk(0)[round] ?? NaN))),
      },
    })),
  };
  return { table, perChunk: figure(perChunk(rows.length - 1)) };
}
