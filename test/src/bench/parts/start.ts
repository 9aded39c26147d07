import { execFile } from 'node:child_process';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { adminClient } from '../../network/admin-client.js';
import { Cleanup } from '../../network/cleanup.js';
import { freePort } from '../../network/free-ports.js';
import { readLine } from '../../network/home.js';
import { statusOf } from '../../network/status-of.js';
import { until } from '../../network/until.js';
import type { BenchContext } from '../context.js';
import { residentMib } from '../cores.js';
import { atMost, mebibytes, milliseconds, type PartResult } from '../report/result.js';
import { CONSUMER, createBenchPolicy } from '../rows/our-row.js';
import { startUpstream } from '../rows/upstream.js';
import { figure } from '../statistics.js';

const run = promisify(execFile);
const IDLE_MS = 5000;
const START_MS = 60_000;

/** How long until the first request is served, and what it costs to do nothing. */
export async function start({ binary, folder, quick, progress }: BenchContext): Promise<PartResult> {
  await using cleanup = new Cleanup();
  const upstream = cleanup.use(await startUpstream(binary, folder));
  const home = await mkdtemp(join(tmpdir(), 'hiclaw-'));
  const [gatewayPort, apiPort] = [await freePort(), await freePort()];
  const main = fileURLToPath(import.meta.resolve('@hiclaw/install')).replace(/index\.js$/, 'main.js');
  const env = {
    ...process.env,
    ENVOY_BIN: binary,
    HICLAW_HOME: home,
    HICLAW_GATEWAY_PORT: String(gatewayPort),
    HICLAW_API_PORT: String(apiPort),
    HICLAW_GATEWAY_REPLICAS: '1',
  };
  const command = (name: string): Promise<unknown> => run(process.execPath, [main, name], { env });
  cleanup.use({ [Symbol.asyncDispose]: () => rm(home, { recursive: true, force: true }) });
  cleanup.use({
    [Symbol.asyncDispose]: async () => {
      await command('down');
    },
  });

  const origin = `http://127.0.0.1:${gatewayPort}`;
  const untilServed = async (headers: Record<string, string>, path: string): Promise<number> => {
    const from = performance.now();
    const started = command('up');
    const served = until(async () => (await statusOf(origin + path, { headers })) === 200, {
      withinMs: START_MS,
      everyMs: 5,
    }).then(() => performance.now() - from);
    const [ms] = await Promise.all([served, started]);
    return ms;
  };

  const first = await untilServed({}, '/healthz');
  progress(`first start, empty home: ${first.toFixed(0)} ms`);
  const admin = cleanup.use(
    adminClient(`http://127.0.0.1:${apiPort}`, await readLine(join(home, 'admin-token'))),
  );
  await createBenchPolicy({ admin }, upstream.port);
  const { token } = await admin.issueToken(CONSUMER);

  const starts: number[] = [];
  const policyServer: number[] = [];
  const gateway: number[] = [];
  for (let round = 0; round < (quick ? 1 : 5); round++) {
    await command('down');
    const ms = await untilServed({ authorization: `Bearer ${token}` }, '/services/bench/x');
    starts.push(ms);
    await delay(IDLE_MS);
    const pids = await processIds(home);
    policyServer.push(residentMib(pids.get('policy-server') ?? 0));
    gateway.push(residentMib(pids.get('envoy-0') ?? 0));
    progress(`start to first served request: ${ms.toFixed(0)} ms`);
  }
  return {
    title: 'Start and idle memory',
    method: [
      '`up` of an installed clone on a stopped home with policy in it: from the start of the command to the first request that reached the upstream with its credential, asked every 5 ms.',
      `Memory after ${IDLE_MS / 1000} s of doing nothing.`,
    ],
    tables: [
      {
        columns: [
          { key: 'first', title: 'first start, empty home, ms', digits: 0 },
          { key: 'start', title: 'start to first served request, ms', digits: 0 },
          { key: 'policyServer', title: 'policy server RSS MiB', digits: 0 },
          { key: 'gateway', title: 'gateway RSS MiB', digits: 0 },
        ],
        rows: [
          {
            label: 'one replica',
            cells: {
              first: figure([first]),
              start: figure(starts),
              policyServer: figure(policyServer),
              gateway: figure(gateway),
            },
          },
        ],
      },
    ],
    targets: [
      atMost('start to first served request', 3000, figure(starts), milliseconds),
      atMost('policy server idle memory', 150, figure(policyServer), mebibytes),
    ],
  };
}

/** What the supervisor says it runs, by name. */
async function processIds(home: string): Promise<ReadonlyMap<string, number>> {
  const status = JSON.parse(await readFile(join(home, 'run', 'status.json'), 'utf8')) as {
    readonly processes: readonly {
      readonly name: string;
      readonly process: { readonly pid: number } | null;
    }[];
  };
  return new Map(
    status.processes.flatMap(({ name, process }) => (process === null ? [] : [[name, process.pid]])),
  );
}
