import { Cleanup } from '../../network/cleanup.js';
import type { BenchContext } from '../context.js';
import type { LoadJob } from '../load/job.js';
import {
  atLeast,
  atMost,
  milliseconds,
  type PartResult,
  percent,
  type Table,
  times,
} from '../report/result.js';
import { serviceRequest } from '../requests.js';
import {
  compare,
  cpu,
  disturbance,
  interleavedRounds,
  perSecond,
  roundFigure,
  type Rounds,
} from '../rounds.js';
import { CREDENTIAL, startOurRow } from '../rows/our-row.js';
import type { Row } from '../rows/row.js';
import {
  directRow,
  extAuthzRow,
  loggingPlainRow,
  nativeRow,
  plainRow,
  type RowContext,
} from '../rows/stock-rows.js';
import { startUpstream } from '../rows/upstream.js';

const CONNECTIONS = 32;

/** Authenticate, allow, inject, header only: a service route against Envoy without us. */
export async function throughput({ binary, folder, quick, progress }: BenchContext): Promise<PartResult> {
  await using cleanup = new Cleanup();
  const upstream = cleanup.use(await startUpstream(binary, folder));
  const ours = cleanup.use(await startOurRow(upstream.port));
  const logging = cleanup.use(
    await startOurRow(upstream.port, { name: 'ours + access log', accessLog: true }),
  );
  const context: RowContext = {
    binary,
    folder,
    upstreamPort: upstream.port,
    token: ours.token,
    credential: CREDENTIAL,
  };
  const direct = directRow(context, upstream.envoy.process.pid);
  const plain = cleanup.use(await plainRow(context));
  const native = cleanup.use(await nativeRow(context));
  const plainLogging = cleanup.use(await loggingPlainRow(context));
  const extAuthz = cleanup.use(await extAuthzRow(context));

  const request = (row: Row): string => serviceRequest(row === logging ? logging.token : ours.token);
  const job = (row: Row): Omit<LoadJob, 'port'> => ({
    requests: [request(row)],
    connections: CONNECTIONS,
    warmUpSeconds: quick ? 0.3 : 0.7,
    seconds: quick ? 0.6 : 1.5,
  });
  const rows = [direct, plain, native, ours, plainLogging, logging, extAuthz];
  const full = await interleavedRounds(rows, { rounds: quick ? 2 : 5, job, restart: true, progress });

  const rate = roundFigure(full, ours.name, perSecond).median / 2;
  progress(`half load: ${rate.toFixed(0)}/s`);
  const half = await interleavedRounds([direct, plain, native, ours], {
    rounds: quick ? 2 : 5,
    job: (row) => ({ ...job(row), rate }),
    restart: false,
    progress,
  });

  const p50 = added(half, 'p50');
  const p99 = added(half, 'p99');
  const cpuAgainstNative = compare(full, 'ours', 'native', cpu);
  return {
    title: 'Throughput: authenticate, allow, inject',
    method: [
      `POST with a 1,000 byte body over ${CONNECTIONS} connections as fast as answers come; one worker thread; Envoy and whatever it asks share one core, load and upstream the other.`,
      `CPU is what the gateway's processes used, from the OS; "core" is how busy they kept their core: near 100 % the gateway set the pace.`,
      `Latency at half load: requests arrive at random, ${rate.toFixed(0)} per second for every row (half of what ours reached).`,
      ...disturbance(full, ['plain', 'native', 'ours']),
    ],
    tables: [loadTable(full, rows), latencyTable(half)],
    targets: [
      atLeast(
        'requests/s, auth + allow + inject, against plain Envoy',
        0.75,
        compare(full, 'ours', 'plain', perSecond),
        percent,
      ),
      atMost(
        'CPU per request against native api_key_auth + credential_injector',
        1.3,
        cpuAgainstNative,
        times,
      ),
      atMost('latency added to plain Envoy at half load, p50', 0.1, p50, milliseconds),
      atMost('latency added to plain Envoy at half load, p99', 0.5, p99, milliseconds),
    ],
  };
}

function added(rounds: Rounds, which: 'p50' | 'p99'): ReturnType<typeof compare> {
  return compare(
    rounds,
    'ours',
    'plain',
    (load) => load.latency[which],
    (mine, theirs) => mine - theirs,
  );
}

/** Requests and CPU per row, against plain and native. */
export function loadTable(rounds: Rounds, rows: readonly Row[], native = 'native'): Table {
  return {
    columns: [
      { key: 'perSecond', title: 'requests/s', digits: 0 },
      { key: 'ofPlain', title: 'of plain, %', digits: 1 },
      { key: 'cpu', title: 'CPU µs/request', digits: 1 },
      { key: 'cpuOfPlain', title: 'CPU x plain', digits: 2 },
      { key: 'cpuOfNative', title: `CPU x ${native}`, digits: 2 },
      { key: 'core', title: 'core, %', digits: 0 },
    ],
    rows: rows.map(({ name }) => ({
      label: name,
      cells: {
        perSecond: roundFigure(rounds, name, perSecond),
        ofPlain: compare(rounds, name, 'plain', perSecond, (mine, theirs) => (mine / theirs) * 100),
        cpu: roundFigure(rounds, name, (load) => load.cpuPerRequest * 1e6),
        cpuOfPlain: compare(rounds, name, 'plain', cpu),
        cpuOfNative: compare(rounds, name, native, cpu),
        core: roundFigure(rounds, name, (load) => load.coreShare * 100),
      },
    })),
  };
}

function latencyTable(rounds: Rounds): Table {
  return {
    columns: [
      { key: 'p50', title: 'p50 ms', digits: 3 },
      { key: 'p90', title: 'p90 ms', digits: 3 },
      { key: 'p99', title: 'p99 ms', digits: 3 },
      { key: 'cpu', title: 'CPU µs/request', digits: 1 },
      { key: 'core', title: 'core, %', digits: 0 },
    ],
    rows: [...rounds.keys()].map((name) => ({
      label: `${name}, half load`,
      cells: {
        p50: roundFigure(rounds, name, (load) => load.latency.p50),
        p90: roundFigure(rounds, name, (load) => load.latency.p90),
        p99: roundFigure(rounds, name, (load) => load.latency.p99),
        cpu: roundFigure(rounds, name, (load) => load.cpuPerRequest * 1e6),
        core: roundFigure(rounds, name, (load) => load.coreShare * 100),
      },
    })),
  };
}
