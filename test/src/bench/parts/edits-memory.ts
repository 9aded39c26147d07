import { Cleanup } from '../../network/cleanup.js';
import type { EnvoyAdmin } from '../../network/envoy-admin.js';
import { startNetwork } from '../../network/network.js';
import { until } from '../../network/until.js';
import type { BenchContext } from '../context.js';
import { residentMib } from '../cores.js';
import { httpRequest } from '../load/job.js';
import { populate } from '../population.js';
import { type Probed, startProbes } from '../probes.js';
import type { PartResult, TableRow } from '../report/result.js';
import { benchCredential, createBenchPolicy } from '../rows/our-row.js';
import { startUpstream } from '../rows/upstream.js';
import { figure } from '../statistics.js';

const MIB = 2 ** 20;
const CONSUMERS = 1000;
const WORKERS_EDITED = 100;
const IN_PARALLEL = 4;

interface Snapshot {
  readonly resident: number;
  readonly allocated: number;
  readonly heap: number;
  /** VMs of plugins that were ever made, and those alive. */
  readonly vmsCreated: number;
  readonly vmsActive: number;
  readonly reloads: number;
  readonly policyServer: number;
}

/** Does the gateway grow when policy changes all day? */
export async function editsMemory({ binary, folder, quick, progress }: BenchContext): Promise<PartResult> {
  const edits = quick ? 1000 : 10_000;
  const warmUp = quick ? 200 : 1000;
  await using cleanup = new Cleanup();
  const upstream = cleanup.use(await startUpstream(binary, folder));
  const network = cleanup.use(await startNetwork());
  await createBenchPolicy(network, upstream.port);
  const { admin } = network;
  const { token } = await admin.issueToken('worker-bench');
  const population = await populate(network, CONSUMERS);
  const replica = network.replicas[0];
  if (replica === undefined) throw new Error('no gateway');
  const snapshot = async (): Promise<Snapshot> => ({
    ...(await gatewaySnapshot(replica.envoy.admin, replica.envoy.process.pid)),
    policyServer: residentMib(network.policyServer.process.pid),
  });
  const probes = startProbes({
    ports: [replica.port],
    request: httpRequest('GET', '/services/bench/x', { authorization: `Bearer ${token}` }, ''),
    connections: 4,
    everyMs: 20,
  });

  let edited = 0;
  const editUntil = async (end: number): Promise<void> => {
    const editor = async (): Promise<void> => {
      while (edited < end) {
        const i = edited++;
        const consumer = `worker-${String(i % WORKERS_EDITED).padStart(6, '0')}`;
        await admin.grant(
          'llm-routes',
          'bench',
          consumer,
          { models: ['gpt-4o', `gpt-4o-${i}`] },
          { wait: false },
        );
      }
    };
    await Promise.all(Array.from({ length: IN_PARALLEL }, editor));
    await admin.grant('llm-routes', 'bench', 'worker-000000', { models: ['gpt-4o', `gpt-4o-end-${end}`] });
  };
  await editUntil(warmUp);
  const before = await settled(snapshot);
  const pushesBefore = await pushes(replica.envoy.admin);
  const from = performance.now();
  await editUntil(warmUp + edits);
  const seconds = (performance.now() - from) / 1000;
  const after = await settled(snapshot);
  const pushed = (await pushes(replica.envoy.admin)) - pushesBefore;
  const failedIn = (answered: readonly Probed[]): number =>
    answered.filter(({ status }) => status !== 200).length;
  const asked = probes.answered.length;
  const failed = failedIn(probes.answered);
  const rotations = quick ? 20 : 200;
  for (let i = 0; i < rotations; i++)
    await admin.put('credentials', 'bench', benchCredential(`sk-bench-${i}`));
  probes.stop();
  const duringRotation = probes.answered.slice(asked);
  progress(`${edits} edits in ${seconds.toFixed(0)} s, ${pushed} pushes`);

  const row = (label: string, snap: Snapshot): TableRow => ({
    label,
    cells: Object.fromEntries(Object.entries(snap).map(([key, value]) => [key, figure([value])])),
  });
  const growth = after.resident / before.resident - 1;
  return {
    title: 'Memory over many policy edits',
    method: [
      `${edits.toLocaleString('en')} edits of model grants through the API after ${warmUp.toLocaleString('en')} to warm up, ${IN_PARALLEL} at a time, with ${population.count.toLocaleString('en')} consumers loaded and requests running; ${(edits / seconds).toFixed(0)} edits/s, which reached the gateway in ${pushed.toLocaleString('en')} pushes (edits that come while one is under way are pushed together).`,
    ],
    tables: [
      {
        columns: [
          { key: 'resident', title: 'gateway RSS MiB', digits: 1 },
          { key: 'allocated', title: 'tcmalloc in use MiB', digits: 1 },
          { key: 'heap', title: 'tcmalloc heap MiB', digits: 1 },
          { key: 'vmsCreated', title: 'VMs made', digits: 0 },
          { key: 'vmsActive', title: 'VMs alive', digits: 0 },
          { key: 'reloads', title: 'VM restarts', digits: 0 },
          { key: 'policyServer', title: 'policy server RSS MiB', digits: 0 },
        ],
        rows: [row('before', before), row('after', after)],
      },
    ],
    targets: [
      {
        what: `gateway memory after ${edits.toLocaleString('en')} policy edits`,
        target: '≤ +5.0 %',
        measured: `${growth >= 0 ? '+' : ''}${(growth * 100).toFixed(1)} %`,
        met: growth <= 0.05,
      },
      {
        what: 'VM restarts; failed requests meanwhile',
        target: '0; 0',
        measured: `${after.reloads - before.reloads}; ${failed} of ${asked}`,
        met: after.reloads === before.reloads && failed === 0,
      },
      {
        what: `requests failed during ${rotations} rotations of the upstream credential`,
        target: '0',
        measured: `${failedIn(duringRotation)} of ${duringRotation.length}`,
        met: failedIn(duringRotation) === 0,
      },
    ],
  };
}

async function gatewaySnapshot(admin: EnvoyAdmin, pid: number): Promise<Omit<Snapshot, 'policyServer'>> {
  const memory = await admin.memory();
  const stats = await admin.stats(/^wasm/);
  const sum = (pattern: RegExp): number => {
    let total = 0;
    for (const [name, value] of stats) if (pattern.test(name)) total += value;
    return total;
  };
  return {
    resident: residentMib(pid),
    allocated: memory.allocated / MIB,
    heap: memory.heap / MIB,
    vmsCreated: sum(/\.created$/),
    vmsActive: sum(/\.active$/),
    reloads: sum(/vm_reload/),
  };
}

/** Waits until memory has stopped moving: caches and pages that go back take a few seconds. */
async function settled(snapshot: () => Promise<Snapshot>): Promise<Snapshot> {
  let previous = await snapshot();
  await until(
    async () => {
      const now = await snapshot();
      const still = Math.abs(now.resident - previous.resident) < 0.5 && now.vmsActive === previous.vmsActive;
      previous = now;
      return still;
    },
    { withinMs: 20_000, everyMs: 2000 },
  );
  return previous;
}

/** Key-auth images that the gateway took. */
async function pushes(admin: EnvoyAdmin): Promise<number> {
  let total = 0;
  for (const [name, value] of await admin.stats(/extension_config_discovery/)) {
    if (name.includes('key-auth') && name.endsWith('config_reload')) total += value;
  }
  return total;
}
