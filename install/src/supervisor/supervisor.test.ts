import { mkdirSync, mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { type AddressInfo, createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { type HomePaths, homePaths } from '../home.js';
import { endSupervisorAlone, findSupervisor, startSupervisor, stopEverything } from './control.js';
import { type Plan, planOf, type ProcessSpec, writePlan } from './plan.js';
import { ask } from './probe.js';
import { findMarked, isRunning, signal } from './process-ref.js';
import { type ProcessStatus, readStatus } from './status-file.js';

const ENTRY = fileURLToPath(new URL('../../dist/supervisor/main.js', import.meta.url));
const SERVER = fileURLToPath(new URL('../../testdata/server.mjs', import.meta.url));
const DEADLINE_MS = 15_000;

async function until<T>(what: string, look: () => T | Promise<T>): Promise<NonNullable<T>> {
  const deadline = performance.now() + DEADLINE_MS;
  for (;;) {
    const seen = await look();
    if (seen !== null && seen !== undefined && seen !== false) return seen;
    if (performance.now() > deadline) throw new Error(`not within ${DEADLINE_MS} ms: ${what}`);
    await delay(10);
  }
}

function freePort(): Promise<number> {
  return new Promise((settle) => {
    const server = createServer().listen(0, '127.0.0.1', () => {
      const { port } = server.address() as AddressInfo;
      server.close(() => {
        settle(port);
      });
    });
  });
}

describe('supervisor', () => {
  let paths: HomePaths;

  beforeEach(() => {
    paths = homePaths(mkdtempSync(join(tmpdir(), 'hiclaw-')));
    for (const name of ['run', 'logs', 'keys']) mkdirSync(join(paths.home, name));
    writeFileSync(paths.gatewayKey, 'ab'.repeat(32));
  });
  afterEach(async () => {
    await stopEverything(paths);
    rmSync(paths.home, { recursive: true });
  });

  async function spec(name: string, change: Partial<ProcessSpec> = {}): Promise<ProcessSpec> {
    const port = await freePort();
    return {
      name,
      version: '1',
      command: process.execPath,
      args: [SERVER, String(port)],
      env: { PATH: process.env['PATH'] ?? '' },
      secretEnv: {},
      after: [],
      ready: { url: `http://127.0.0.1:${port}/` },
      address: `127.0.0.1:${port}`,
      log: join(paths.logs, `${name}.log`),
      fingerprint: 'one',
      ...change,
    };
  }

  function write(processes: readonly ProcessSpec[], change: Partial<Plan> = {}): Plan {
    const plan = planOf({
      home: paths.home,
      supervisorFingerprint: 'code',
      processes,
      rotation: { maxBytes: 1_000_000, keep: 3, everyMs: 1000 },
      drainMs: 200,
      stopMs: 1000,
      ...change,
    });
    writePlan(paths.plan, plan);
    return plan;
  }

  function start(): void {
    startSupervisor(paths, ENTRY, { PATH: process.env['PATH'] ?? '' });
  }

  function statusOf(name: string): ProcessStatus | undefined {
    return readStatus(paths.status)?.processes.find((each) => each.name === name);
  }

  async function ready(name: string, not = 0): Promise<{ status: ProcessStatus; pid: number }> {
    return until(`${name} ready`, () => {
      const status = statusOf(name);
      const pid = status?.process?.pid;
      return status?.state === 'ready' && pid !== undefined && pid !== not ? { status, pid } : null;
    });
  }

  async function report(
    of: ProcessSpec,
  ): Promise<{ pid: number; env: Record<string, string>; argv: string[] }> {
    return JSON.parse((await ask(of.ready)).body) as never;
  }

  it('starts processes in order, with a minimal environment and secrets in the environment alone', async () => {
    const first = await spec('first');
    const second = await spec('second', { after: ['first'], secretEnv: { KEY: paths.gatewayKey } });
    write([first, second]);
    start();
    const { status } = await ready('second');
    expect(status.startedAtMs).toBeGreaterThanOrEqual(statusOf('first')?.startedAtMs ?? Infinity);
    const one = await report(first);
    const two = await report(second);
    expect(Object.keys(one.env).sort()).toEqual(['HICLAW_SUPERVISED', 'PATH']);
    expect(two.env['KEY']).toBe('ab'.repeat(32));
    const supervisor = findSupervisor(paths)!;
    for (const pid of [supervisor.pid, one.pid]) {
      expect(readFileSync(`/proc/${pid}/environ`, 'latin1')).not.toContain('abab');
    }
    for (const pid of [supervisor.pid, one.pid, two.pid]) {
      expect(readFileSync(`/proc/${pid}/cmdline`, 'latin1')).not.toContain('abab');
    }
    expect(readFileSync(paths.plan, 'utf8') + readFileSync(paths.status, 'utf8')).not.toContain('abab');
    expect(Number(readFileSync(paths.supervisorPid, 'utf8'))).toBe(supervisor.pid);
  });

  it('starts a killed process again, later and later while it keeps failing', async () => {
    const healthy = await spec('healthy');
    const failing = await spec('failing', { args: ['-e', 'process.exit(7)'] });
    write([healthy, failing]);
    start();
    const before = await ready('healthy');
    process.kill(before.pid, 'SIGKILL');
    const after = await ready('healthy', before.pid);
    expect(after.status.restarts).toBe(1);
    expect(after.status.lastExit?.how).toBe('killed by SIGKILL');
    await until('four failures', () => (statusOf('failing')?.restarts ?? 0) >= 4);
    const log = readFileSync(paths.supervisorLog, 'utf8').split('\n').filter(Boolean);
    const starts = log
      .map((line) => JSON.parse(line) as { msg: string; process?: string; time: string })
      .filter(({ msg, process: name }) => msg === 'process started' && name === 'failing')
      .map(({ time }) => Date.parse(time));
    const gaps = starts.slice(1).map((time, index) => time - (starts[index] ?? 0));
    expect(gaps[0]).toBeGreaterThanOrEqual(100);
    expect(gaps[1]).toBeGreaterThanOrEqual(200);
    expect(gaps[2]).toBeGreaterThanOrEqual(400);
    expect(statusOf('failing')?.lastExit?.how).toBe('exit code 7');
  });

  it('goes on trying when the program is not there', async () => {
    write([await spec('absent', { command: '/nowhere/program' })]);
    start();
    await until('two attempts', () => (statusOf('absent')?.restarts ?? 0) >= 2);
    expect(statusOf('absent')?.lastExit?.how).toMatch(/ENOENT/);
  });

  it('takes over what a killed supervisor left, and ends what it cannot know', async () => {
    const kept = await spec('kept');
    const unknown = await spec('unknown');
    write([kept, unknown]);
    start();
    const before = await ready('kept');
    const lost = await ready('unknown');
    const first = findSupervisor(paths)!;
    signal(first, 'SIGKILL');
    await until('supervisor gone', () => !isRunning(first));
    // As if the supervisor had died between the start of this process and its record.
    const status = readStatus(paths.status)!;
    const processes = status.processes.filter(({ name }) => name === 'kept');
    writeFileSync(paths.status, JSON.stringify({ ...status, processes }));
    start();
    const fresh = await ready('unknown', lost.pid);
    expect((await ready('kept')).pid).toBe(before.pid);
    expect(await report(unknown)).toMatchObject({ pid: fresh.pid });
    expect(findMarked(paths.home).map(({ name }) => name)).toHaveLength(3);
    process.kill(before.pid, 'SIGKILL');
    await ready('kept', before.pid);
  });

  it('does not take a process for its own because it has the recorded pid', async () => {
    const one = await spec('one');
    write([one]);
    start();
    const before = await ready('one');
    const first = findSupervisor(paths)!;
    signal(first, 'SIGKILL');
    process.kill(before.pid, 'SIGKILL');
    await until('all gone', () => !isRunning(first) && findMarked(paths.home).length === 0);
    const status = readStatus(paths.status)!;
    const reused = status.processes.map((each) => ({
      ...each,
      process: { pid: process.pid, started: 'another time' },
    }));
    writeFileSync(paths.status, JSON.stringify({ ...status, processes: reused }));
    start();
    expect((await ready('one', process.pid)).pid).not.toBe(before.pid);
  });

  it('replaces only what a new plan changes', async () => {
    const [same, changed, dropped] = await Promise.all([spec('same'), spec('changed'), spec('dropped')]);
    write([same, changed, dropped]);
    start();
    const pids = [await ready('same'), await ready('changed'), await ready('dropped')].map(({ pid }) => pid);
    const added = await spec('added');
    const plan = write([same, { ...changed, fingerprint: 'two' }, added]);
    signal(findSupervisor(paths)!, 'SIGHUP');
    await until('plan applied', () => {
      const status = readStatus(paths.status);
      return status?.planId === plan.id && !status.applying;
    });
    await ready('changed', pids[1]);
    await ready('added');
    expect((await ready('same')).pid).toBe(pids[0]);
    expect(statusOf('dropped')).toBeUndefined();
    expect(
      findMarked(paths.home)
        .map(({ name }) => name)
        .sort(),
    ).toEqual(['added', 'changed', 'same', 'supervisor']);
  });

  it('hands its processes over without a restart', async () => {
    write([await spec('one')]);
    start();
    const before = await ready('one');
    const first = findSupervisor(paths)!;
    await endSupervisorAlone(first);
    start();
    await until('next supervisor', () => {
      const next = readStatus(paths.status)?.supervisor.pid;
      return next !== undefined && next !== first.pid;
    });
    expect((await ready('one')).pid).toBe(before.pid);
  });

  it('leaves no process, not even one that ignores SIGTERM', async () => {
    const port = await freePort();
    const stubborn = {
      args: [SERVER, String(port), '0', 'stubborn'],
      ready: { url: `http://127.0.0.1:${port}/` },
    };
    write([await spec('polite'), await spec('stubborn', stubborn)]);
    start();
    await ready('polite');
    await ready('stubborn');
    expect(await stopEverything(paths)).toBeGreaterThan(0);
    expect(findMarked(paths.home)).toEqual([]);
    expect(statusOf('polite')?.state).toBe('stopped');
    expect(await stopEverything(paths)).toBe(0);
  });

  it('ends orphans without a supervisor', async () => {
    write([await spec('one')]);
    start();
    await ready('one');
    const supervisor = findSupervisor(paths)!;
    signal(supervisor, 'SIGKILL');
    await until('supervisor gone', () => !isRunning(supervisor));
    expect(await stopEverything(paths)).toBe(1);
    expect(findMarked(paths.home)).toEqual([]);
  });

  it('cuts logs of a process that goes on writing, also after the supervisor was replaced', async () => {
    const port = await freePort();
    const noisy = await spec('noisy', {
      args: [SERVER, String(port), '1000'],
      ready: { url: `http://127.0.0.1:${port}/` },
    });
    write([noisy], { rotation: { maxBytes: 20_000, keep: 2, everyMs: 20 } });
    start();
    await ready('noisy');
    await until('second old file', () => statSync(`${noisy.log}.2`, { throwIfNoEntry: false }));
    await endSupervisorAlone(findSupervisor(paths)!);
    start();
    const seen = statSync(`${noisy.log}.2`, { throwIfNoEntry: false })?.mtimeMs ?? 0;
    await until('two more rotations', () => {
      const oldest = statSync(`${noisy.log}.2`, { throwIfNoEntry: false });
      return oldest !== undefined && oldest.mtimeMs > seen + 1;
    });
    await stopEverything(paths);
    expect(statSync(noisy.log).size).toBeLessThan(60_000);
    expect(statSync(`${noisy.log}.3`, { throwIfNoEntry: false })).toBeUndefined();
    // Whole lines in order: what is in the older file comes just before what is in the newer one.
    const [older, newer] = [2, 1].map((index) =>
      readFileSync(`${noisy.log}.${index}`, 'latin1')
        .split('\n')
        .filter(Boolean)
        .map((line) => Number(line.split('.', 1)[0])),
    );
    expect(newer?.[0]).toBeGreaterThan(older?.at(-1) ?? Infinity);
  });

  it('refuses to run twice', async () => {
    write([await spec('one')]);
    start();
    await ready('one');
    const first = findSupervisor(paths)!;
    start();
    await until('refusal', () =>
      readFileSync(paths.supervisorLog, 'utf8').includes('another supervisor runs'),
    );
    await until('one supervisor', () => {
      const supervisors = findMarked(paths.home).filter(({ name }) => name === 'supervisor');
      return supervisors.length === 1 && supervisors[0]?.pid === first.pid;
    });
  });
});
