import { spawn } from 'node:child_process';
import { existsSync, mkdtempSync, readFileSync, rmSync, statSync } from 'node:fs';
import { type AddressInfo, createServer, type Server } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import type { Observation } from './commands/observe.js';
import { homePaths } from './home.js';
import { ask } from './supervisor/probe.js';
import { findMarked } from './supervisor/process-ref.js';
import { stopEverything } from './supervisor/control.js';

const MAIN = fileURLToPath(new URL('../dist/main.js', import.meta.url));
const DEADLINE_MS = 30_000;

interface Ended {
  readonly code: number | null;
  readonly output: string;
}

async function until<T>(what: string, look: () => T | Promise<T>): Promise<NonNullable<T>> {
  const deadline = performance.now() + DEADLINE_MS;
  for (;;) {
    const seen = await look();
    if (seen !== null && seen !== undefined && seen !== false) return seen;
    if (performance.now() > deadline) throw new Error(`not within ${DEADLINE_MS} ms: ${what}`);
    await delay(20);
  }
}

function listen(port: number): Promise<Server> {
  return new Promise((settle, fail) => {
    const server = createServer().once('error', fail);
    server.listen(port, '127.0.0.1', () => {
      settle(server);
    });
  });
}

/** Two ports, the first with another free one 100 above it for a second replica. */
async function freePorts(): Promise<{ gateway: number; api: number }> {
  for (;;) {
    const servers: Server[] = [];
    try {
      servers.push(await listen(0), await listen(0));
      const [gateway = 0, api = 0] = servers.map((server) => (server.address() as AddressInfo).port);
      servers.push(await listen(gateway + 100));
      return { gateway, api };
    } catch {
      // the port 100 above is taken: try others
    } finally {
      await Promise.all(servers.map((server) => new Promise((settle) => server.close(settle))));
    }
  }
}

class Home {
  readonly paths = homePaths(mkdtempSync(join(tmpdir(), 'hiclaw-')));
  readonly ports: { readonly gateway: number; readonly api: number };

  constructor(ports: { readonly gateway: number; readonly api: number }) {
    this.ports = ports;
  }

  run(command: readonly string[], environment: Readonly<Record<string, string>> = {}): Promise<Ended> {
    const child = spawn(process.execPath, [MAIN, ...command], {
      env: {
        ...process.env,
        HICLAW_HOME: this.paths.home,
        HICLAW_GATEWAY_PORT: String(this.ports.gateway),
        HICLAW_API_PORT: String(this.ports.api),
        HICLAW_GATEWAY_CONCURRENCY: '2',
        SOMEBODYS_SECRET: 'sk-not-for-servers',
        ...environment,
      },
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    let output = '';
    const keep = (chunk: string): void => {
      output += chunk;
    };
    child.stdout.setEncoding('utf8').on('data', keep);
    child.stderr.setEncoding('utf8').on('data', keep);
    return new Promise((settle) => {
      child.once('close', (code) => {
        settle({ code, output });
      });
    });
  }

  async up(environment: Readonly<Record<string, string>> = {}): Promise<string> {
    const { code, output } = await this.run(['up'], environment);
    expect(output).toContain('Try next');
    expect(code).toBe(0);
    return output;
  }

  async status(): Promise<Observation & { readonly code: number | null }> {
    const { code, output } = await this.run(['status', '--json']);
    return { code, ...(JSON.parse(output) as Observation) };
  }

  async pids(): Promise<Record<string, number | null>> {
    return Object.fromEntries((await this.status()).processes.map(({ name, pid }) => [name, pid]));
  }

  async healthy(): Promise<Observation> {
    return until('healthy', async () => {
      const status = await this.status();
      return status.code === 0 ? status : null;
    });
  }

  async gatewayStatus(index = 0): Promise<number> {
    return (await ask({ url: `http://127.0.0.1:${this.ports.gateway + 100 * index}/healthz` })).status;
  }
}

describe('an installation', () => {
  let home: Home;

  beforeAll(async () => {
    home = new Home(await freePorts());
    await home.up();
  });
  afterAll(async () => {
    await stopEverything(home.paths);
    rmSync(home.paths.home, { recursive: true, force: true });
  });
  afterEach(async () => {
    await home.healthy();
  });

  it('tells what runs, in which version, with which policy', async () => {
    const status = await home.status();
    expect(status).toMatchObject({ code: 0, healthy: true, installed: true, problem: null });
    expect(status.processes.map(({ name, state }) => [name, state])).toEqual([
      ['policy-server', 'ready'],
      ['envoy-0', 'ready'],
    ]);
    const gateway = status.processes[1];
    expect(gateway).toMatchObject({ version: '1.40.0', restarts: 0, lastError: null });
    expect(gateway?.policyVersion).toBeTypeOf('number');
    expect(existsSync(gateway?.log ?? '')).toBe(true);
    const table = await home.run(['status']);
    expect(table.output).toMatch(/^NAME +STATE +PID/m);
    expect(table.code).toBe(0);
  });

  it('keeps secrets where they belong', () => {
    const key = readFileSync(home.paths.gatewayKey, 'utf8').trim();
    expect(key).toMatch(/^[0-9a-f]{64}$/);
    const running = findMarked(home.paths.home);
    expect(running.map(({ name }) => name).sort()).toEqual(['envoy-0', 'policy-server', 'supervisor']);
    for (const { pid, name } of running) {
      const environment = readFileSync(`/proc/${pid}/environ`, 'latin1');
      expect(environment.includes(key)).toBe(name === 'envoy-0');
      expect(environment).not.toContain('sk-not-for-servers');
      expect(readFileSync(`/proc/${pid}/cmdline`, 'latin1')).not.toContain(key);
    }
    for (const path of [home.paths.plan, home.paths.status, join(home.paths.home, 'run', 'envoy-0.json')]) {
      expect(readFileSync(path, 'utf8')).not.toContain(key);
    }
    expect(statSync(home.paths.home).mode & 0o777).toBe(0o700);
    expect(statSync(home.paths.adminToken).mode & 0o777).toBe(0o600);
  });

  it('is not disturbed by another up', async () => {
    const before = await home.pids();
    expect(await home.up()).toContain('runs on undisturbed');
    expect(await home.pids()).toEqual(before);
  });

  it('remembers what it runs with', async () => {
    const before = await home.pids();
    await home.up({ HICLAW_GATEWAY_PORT: '', HICLAW_API_PORT: '', HICLAW_GATEWAY_CONCURRENCY: '' });
    expect(await home.pids()).toEqual(before);
  });

  it('restarts only what a change concerns', async () => {
    const before = await home.pids();
    expect(await home.up({ HICLAW_LOG_LEVEL: 'warn' })).toContain(
      'restarted because it changed: policy-server',
    );
    const after = await home.pids();
    expect(after['policy-server']).not.toBe(before['policy-server']);
    expect(after['envoy-0']).toBe(before['envoy-0']);
  });

  it('serves on while a killed policy server is started again', async () => {
    const before = await home.pids();
    process.kill(before['policy-server']!, 'SIGKILL');
    expect(await home.gatewayStatus()).toBe(200);
    const after = await home.healthy();
    expect(after.processes[0]).toMatchObject({ restarts: 1, lastEnd: 'killed by SIGKILL' });
    expect((await home.pids())['envoy-0']).toBe(before['envoy-0']);
  });

  it('starts a killed gateway again', async () => {
    const before = await home.pids();
    process.kill(before['envoy-0']!, 'SIGKILL');
    await until('another gateway', async () => {
      const pid = (await home.pids())['envoy-0'];
      return pid !== null && pid !== before['envoy-0'];
    });
    await home.healthy();
    expect(await home.gatewayStatus()).toBe(200);
  });

  it('survives a killed supervisor, says so, and is taken over by up', async () => {
    const before = await home.status();
    process.kill(before.supervisor.pid!, 'SIGKILL');
    const orphaned = await until('supervisor gone', async () => {
      const status = await home.status();
      return status.supervisor.running ? null : status;
    });
    expect(orphaned.code).toBe(1);
    expect((await home.run(['status'])).output).toContain('The supervisor does not run');
    expect(await home.gatewayStatus()).toBe(200);
    await home.up();
    const after = await home.pids();
    expect(after).toEqual(Object.fromEntries(before.processes.map(({ name, pid }) => [name, pid])));
    process.kill(after['envoy-0']!, 'SIGKILL');
    await until('supervised again', async () => (await home.pids())['envoy-0'] !== after['envoy-0']);
  });

  it('says which port is in use and which variable to change', async () => {
    const other = new Home({ ...(await freePorts()), api: home.ports.api });
    const { code, output } = await other.run(['up']);
    expect(code).toBe(1);
    expect(output).toMatch(new RegExp(`Port ${home.ports.api} on 127.0.0.1.*HICLAW_API_PORT`));
    expect(findMarked(other.paths.home)).toEqual([]);
    rmSync(other.paths.home, { recursive: true });
  });

  it('runs beside another one, and changes only what a new setting changes', async () => {
    const other = new Home(await freePorts());
    try {
      const first = await home.pids();
      await other.up();
      const before = await other.pids();
      await other.up({ HICLAW_GATEWAY_REPLICAS: '2' });
      const after = await other.pids();
      expect(after).toMatchObject(before);
      expect(after['envoy-1']).toBeTypeOf('number');
      expect(await other.gatewayStatus(1)).toBe(200);
      await other.up({ HICLAW_GATEWAY_REPLICAS: '1' });
      expect(await other.pids()).toEqual(before);
      expect((await other.run(['down'])).code).toBe(0);
      expect(findMarked(other.paths.home)).toEqual([]);
      const stopped = await other.status();
      expect([stopped.code, stopped.healthy]).toEqual([3, false]);
      expect((await other.run(['down'])).output).toContain('Nothing was running');
      await other.up();
      expect((await other.run(['uninstall'])).output).toContain('set YES=1');
      expect((await other.run(['uninstall'], { YES: '1' })).code).toBe(0);
      expect(findMarked(other.paths.home)).toEqual([]);
      expect(existsSync(other.paths.home)).toBe(false);
      expect(await home.pids()).toEqual(first);
    } finally {
      await stopEverything(other.paths);
      rmSync(other.paths.home, { recursive: true, force: true });
    }
  });

  it('plays the demo to its end and leaves nothing of it', async () => {
    const { code, output } = await home.run(['demo']);
    expect(output).toContain('Everything behaved as promised');
    expect(code).toBe(0);
    const token = readFileSync(home.paths.adminToken, 'utf8').trim();
    for (const collection of ['credentials', 'providers', 'llm-routes', 'mcp-servers', 'consumers']) {
      const answer = await fetch(`http://127.0.0.1:${home.ports.api}/api/v1/${collection}`, {
        headers: { authorization: `Bearer ${token}` },
      });
      expect(((await answer.json()) as { items: unknown[] }).items).toEqual([]);
    }
  });
});
