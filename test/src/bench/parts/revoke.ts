import { setTimeout as delay } from 'node:timers/promises';
import { Cleanup } from '../../network/cleanup.js';
import { type Network, startNetwork } from '../../network/network.js';
import { until } from '../../network/until.js';
import { startLlmProvider } from '../../upstreams/llm-provider.js';
import type { BenchContext } from '../context.js';
import { httpRequest } from '../load/job.js';
import { populate } from '../population.js';
import { openStream, type Probes, startProbes } from '../probes.js';
import { milliseconds, type PartResult, type TableRow, type Target } from '../report/result.js';
import { chatBody } from '../requests.js';
import { createBenchPolicy } from '../rows/our-row.js';
import { figure, percentile } from '../statistics.js';
import { startUpstream } from '../rows/upstream.js';

const REPLICAS = 2;
const CONNECTIONS_PER_REPLICA = 8;
const PROBE_EVERY_MS = 10;
const STREAMS_PER_REPLICA = 2;
const BYSTANDER = 'worker-bystander';

interface Trial {
  /** Milliseconds from the API call to the sending of the last request that was admitted. */
  readonly lastAccepted: number;
  /** Milliseconds from the API call to its answer. */
  readonly answered: number;
  /** Milliseconds from the API call to the end of the last stream. */
  readonly streamsCut: number;
  /** Requests sent after the answer that were admitted all the same. */
  readonly late: number;
}

/** API call → last accepted request, over two replicas of two threads each, with many consumers loaded. */
export async function revoke({ binary, folder, quick, progress }: BenchContext): Promise<PartResult> {
  const sizes = quick ? [{ consumers: 1000, trials: 10 }] : SIZES;
  const rows: TableRow[] = [];
  const targets: Target[] = [];
  for (const { consumers, trials } of sizes) {
    await using cleanup = new Cleanup();
    const upstream = cleanup.use(await startUpstream(binary, folder));
    const provider = cleanup.use(await startLlmProvider({ keep: 10 }));
    const network = cleanup.use(await startNetwork({ replicas: REPLICAS }));
    await createBenchPolicy(network, upstream.port, provider.port);
    const victims = await createVictims(network, trials);
    progress(`${consumers} consumers …`);
    await populate(network, consumers);
    const bystander = bystanderProbes(network, victims.bystander);
    const results: Trial[] = [];
    for (const victim of victims.list) {
      const trial = await revokeOne(network, victim);
      results.push(trial);
      progress(
        `${consumers} consumers: last accepted ${trial.lastAccepted.toFixed(1)} ms, answered ${trial.answered.toFixed(1)} ms, ` +
          `streams cut ${trial.streamsCut.toFixed(1)} ms, late ${trial.late}`,
      );
    }
    bystander.stop();
    const lost = bystander.answered.filter(({ status }) => status !== 200).length;
    const { row, ...found } = summarise(consumers, results, lost);
    rows.push(row);
    targets.push(...targetsOf(consumers, found));
  }
  const columns = ['p50', 'p99', 'answeredP50', 'answeredP99', 'cutP50', 'cutMax', 'late', 'lost', 'trials'];
  const titles = [
    'last accepted p50 ms',
    'p99 ms',
    'API answer p50 ms',
    'p99 ms',
    'streams cut p50 ms',
    'max ms',
    'admitted after the answer',
    'lost by others',
    'trials',
  ];
  return {
    title: 'Revocation',
    method: [
      `${REPLICAS} replicas of 2 threads, nothing pinned; each trial revokes one consumer that sends ${(REPLICAS * CONNECTIONS_PER_REPLICA * 1000) / PROBE_EVERY_MS} requests per second over ${REPLICAS * CONNECTIONS_PER_REPLICA} connections and holds ${REPLICAS * STREAMS_PER_REPLICA} streams.`,
      'Last accepted: from the call of POST …/revoke to the sending of the last request that was still admitted, over all connections; the call answers once every replica has applied it.',
      'p99 over so few trials is the slowest but one, or the slowest.',
    ],
    tables: [
      { columns: columns.map((key, i) => ({ key, title: titles[i] ?? key, digits: i < 6 ? 1 : 0 })), rows },
    ],
    targets,
  };
}

const SIZES = [
  { consumers: 10_000, trials: 100, p50: 20, p99: 100 },
  { consumers: 100_000, trials: 40, p50: null, p99: 250 },
] as const;

interface Victim {
  readonly name: string;
  readonly token: string;
}

async function createVictims(
  { admin }: Network,
  count: number,
): Promise<{ readonly list: readonly Victim[]; readonly bystander: string }> {
  const create = async (name: string): Promise<Victim> => {
    await admin.put('consumers', name, {}, { wait: false });
    for (const route of ['llm-routes', 'service-routes'] as const) {
      await admin.grant(route, 'bench', name, {}, { wait: false });
    }
    return { name, token: (await admin.issueToken(name, { wait: false })).token };
  };
  const list: Victim[] = [];
  for (let i = 0; i < count; i++) list.push(await create(`victim-${i}`));
  return { list, bystander: (await create(BYSTANDER)).token };
}

async function revokeOne(network: Network, victim: Victim): Promise<Trial> {
  const ports = network.replicas.map(({ port }) => port);
  const body = chatBody({ model: 'pretend-endless-every-20ms', stream: true });
  const streams = await Promise.all(
    ports.flatMap((port) =>
      Array.from({ length: STREAMS_PER_REPLICA }, () => openStream(port, victim.token, body)),
    ),
  );
  const probes = startProbes({
    ports,
    request: serviceGet(victim.token),
    connections: CONNECTIONS_PER_REPLICA,
    everyMs: PROBE_EVERY_MS,
  });
  const enough = REPLICAS * CONNECTIONS_PER_REPLICA * 4;
  await until(() => probes.answered.filter(({ status }) => status === 200).length >= enough, {
    withinMs: 10_000,
  });
  const called = performance.now();
  const answer = await network.admin.revoke(victim.name);
  const answered = performance.now();
  if (answer.replicas.length !== REPLICAS || !answer.replicas.every(({ applied }) => applied)) {
    throw new Error(`revoke was not applied everywhere: ${JSON.stringify(answer)}`);
  }
  const deadline = delay(5000, Infinity, { ref: false });
  const ended = await Promise.race([Promise.all(streams.map((stream) => stream.ended)), deadline]);
  // Long enough for what was on its way, and for a replica that had not really applied it to show.
  await delay(100);
  probes.stop();
  for (const stream of streams) stream.destroy();
  const admitted = probes.answered.filter(({ status }) => status === 200).map(({ sentAt }) => sentAt);
  return {
    lastAccepted: Math.max(0, Math.max(...admitted) - called),
    answered: answered - called,
    streamsCut: Array.isArray(ended) ? Math.max(...ended) - called : Infinity,
    late: admitted.filter((sentAt) => sentAt > answered).length,
  };
}

function bystanderProbes(network: Network, token: string): Probes {
  const ports = network.replicas.map(({ port }) => port);
  return startProbes({ ports, request: serviceGet(token), connections: 2, everyMs: 10 });
}

function serviceGet(token: string): string {
  return httpRequest('GET', '/services/bench/x', { authorization: `Bearer ${token}` }, '');
}

interface Found {
  readonly p50: number;
  readonly p99: number;
  readonly cutMax: number;
  readonly late: number;
  readonly lost: number;
}

function summarise(
  consumers: number,
  trials: readonly Trial[],
  lost: number,
): Found & { readonly row: TableRow } {
  const sorted = (of: (trial: Trial) => number): number[] => trials.map(of).sort((a, b) => a - b);
  const accepted = sorted((trial) => trial.lastAccepted);
  const answers = sorted((trial) => trial.answered);
  const cuts = sorted((trial) => trial.streamsCut);
  const late = trials.reduce((sum, trial) => sum + trial.late, 0);
  const found = {
    p50: percentile(accepted, 0.5),
    p99: percentile(accepted, 0.99),
    cutMax: percentile(cuts, 1),
    late,
    lost,
  };
  const values = {
    ...found,
    answeredP50: percentile(answers, 0.5),
    answeredP99: percentile(answers, 0.99),
    cutP50: percentile(cuts, 0.5),
    trials: trials.length,
  };
  const cells = Object.fromEntries(Object.entries(values).map(([key, value]) => [key, figure([value])]));
  return { ...found, row: { label: `${consumers.toLocaleString('en')} consumers`, cells } };
}

function targetsOf(consumers: number, found: Found): Target[] {
  const limits = SIZES.find((size) => size.consumers === consumers);
  const with_ = `with ${consumers.toLocaleString('en')} consumers`;
  const within = (what: string, limit: number | null, value: number): Target[] =>
    limit === null
      ? []
      : [{ what, target: `≤ ${limit} ms`, measured: milliseconds(value), met: value <= limit }];
  return [
    ...within(`revoke → last accepted request ${with_}, p50`, limits?.p50 ?? null, found.p50),
    ...within(`revoke → last accepted request ${with_}, p99`, limits?.p99 ?? null, found.p99),
    ...within(`revoke → last running stream cut ${with_}, slowest`, 250, found.cutMax),
    {
      what: `admitted after the answer, ${with_}; requests others lost`,
      target: '0; 0',
      measured: `${found.late}; ${found.lost}`,
      met: found.late === 0 && found.lost === 0,
    },
  ];
}
