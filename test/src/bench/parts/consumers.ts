import { Cleanup } from '../../network/cleanup.js';
import type { BenchContext } from '../context.js';
import { residentMib } from '../cores.js';
import { populate } from '../population.js';
import { type PartResult, percent, type Target } from '../report/result.js';
import { modelRequest } from '../requests.js';
import { compare, cpu, disturbance, interleavedRounds, perSecond, roundFigure } from '../rounds.js';
import { type OurRow, startOurRow } from '../rows/our-row.js';
import type { Row } from '../rows/row.js';
import { figure } from '../statistics.js';
import { startUpstream } from '../rows/upstream.js';

const SIZES = [10, 1000, 10_000, 100_000];
const QUICK_SIZES = [10, 1000];

/** Does it matter how many consumers there are? */
export async function consumers({ binary, folder, quick, progress }: BenchContext): Promise<PartResult> {
  await using cleanup = new Cleanup();
  const upstream = cleanup.use(await startUpstream(binary, folder));
  const sizes = quick ? QUICK_SIZES : SIZES;
  const rows: OurRow[] = [];
  const requests = new Map<Row, readonly string[]>();
  for (const size of sizes) {
    const row = cleanup.use(await startOurRow(upstream.port, { name: String(size) }));
    rows.push(row);
    const from = performance.now();
    const { tokens } = await populate(row.network, size);
    requests.set(
      row,
      tokens.map((token) => modelRequest(token)),
    );
    progress(`${size} consumers loaded in ${((performance.now() - from) / 1000).toFixed(1)} s`);
  }
  const rounds = await interleavedRounds(rows, {
    rounds: quick ? 2 : 6,
    job: (row) => ({
      requests: requests.get(row) ?? [],
      connections: 32,
      warmUpSeconds: quick ? 0.3 : 0.7,
      seconds: quick ? 0.6 : 1.5,
    }),
    restart: true,
    progress,
  });
  const least = String(sizes[0]);
  const most = String(sizes.at(-1));
  const change = compare(rounds, most, least, perSecond);
  const target: Target = {
    what: `throughput, ${least} → ${Number(most).toLocaleString('en')} consumers`,
    target: '≤ 5 % change',
    measured: `${percent(change.median - 1)} (${percent(change.min - 1)} – ${percent(change.max - 1)}, ${change.rounds} rounds)`,
    met: Math.abs(change.median - 1) <= 0.05,
  };
  return {
    title: 'Many consumers',
    method: [
      'One gateway per size, loaded in turn with model requests of 1,000 bytes; up to 1,000 different tokens, spread over all consumers, each request another one.',
      `Memory is the gateway's and its policy server's after the load.`,
      ...disturbance(
        rounds,
        rows.map(({ name }) => name),
      ),
    ],
    tables: [
      {
        columns: [
          { key: 'perSecond', title: 'requests/s', digits: 0 },
          { key: 'ratio', title: `x ${least} consumers`, digits: 3 },
          { key: 'cpu', title: 'CPU µs/request', digits: 1 },
          { key: 'cpuRatio', title: `CPU x ${least}`, digits: 3 },
          { key: 'gateway', title: 'gateway RSS MiB', digits: 0 },
          { key: 'policyServer', title: 'policy server RSS MiB', digits: 0 },
        ],
        rows: rows.map(({ name, network, pids }) => ({
          label: `${Number(name).toLocaleString('en')} consumers`,
          cells: {
            perSecond: roundFigure(rounds, name, perSecond),
            ratio: compare(rounds, name, least, perSecond),
            cpu: roundFigure(rounds, name, (load) => load.cpuPerRequest * 1e6),
            cpuRatio: compare(rounds, name, least, cpu),
            gateway: figure([residentMib(pids[0] ?? 0)]),
            policyServer: figure([residentMib(network.policyServer.process.pid)]),
          },
        })),
      },
    ],
    targets: [target],
  };
}
