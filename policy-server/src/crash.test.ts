import { type ChildProcess, spawn } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { tokenDigest } from '@hiclaw/policy-image';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { openStore, silentLog, TestClock, temporaryDirectory } from './store/store.fixture.js';
import { Vault } from './vault/vault.js';

const MAIN = fileURLToPath(new URL('../dist/main.js', import.meta.url));
const WRITERS = 12;
const ANSWERED_BEFORE_KILL = 150;
const ROUTES = { llmRoutes: { chat: ['*'] }, mcpServers: { tools: ['*'] }, serviceRoutes: { git: ['*'] } };

let home: ReturnType<typeof temporaryDirectory>;
beforeAll(() => {
  if (!existsSync(MAIN)) throw new Error(`${MAIN} is missing; run "npm run build" first`);
  home = temporaryDirectory();
});
afterAll(() => home.remove());

interface Running {
  readonly process: ChildProcess;
  readonly url: string;
  readonly exited: Promise<void>;
}

/** Starts the real program and waits for the line that says where it listens. */
async function startServer(): Promise<Running> {
  const child = spawn(process.execPath, [MAIN], {
    env: { ...process.env, HICLAW_HOME: home.path, HICLAW_API_PORT: '0', HICLAW_LOG_LEVEL: 'info' },
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  const exited = new Promise<void>((resolve) => child.once('exit', () => resolve()));
  for await (const line of createInterface({ input: child.stdout })) {
    const { url, msg } = JSON.parse(line) as { url?: string; msg: string };
    if (msg === 'policy server is ready' && url !== undefined) {
      child.stdout.resume();
      return { process: child, url, exited };
    }
  }
  throw new Error('the policy server did not start');
}

/** What the server answered to; all of it must be there for ever. */
interface Ledger {
  readonly consumers: Map<string, string>;
  readonly tokens: Map<string, string>;
  readonly access: Set<string>;
  readonly values: Map<string, string>;
  policyVersion: number;
  answered: number;
}

/** One connection that writes until the server is gone. */
async function write(url: string, name: string, ledger: Ledger, onAnswer: () => void): Promise<void> {
  const token = readFileSync(join(home.path, 'admin-token'), 'utf8').trim();
  const send = async (method: string, path: string, body: object): Promise<Record<string, unknown>> => {
    const response = await fetch(`${url}/api/v1${path}`, {
      method,
      headers: { authorization: `Bearer ${token}`, 'content-type': 'application/json' },
      body: JSON.stringify(body),
    });
    const answer = (await response.json()) as Record<string, unknown>;
    if (!response.ok)
      throw new Error(`unexpected answer ${String(response.status)}: ${JSON.stringify(answer)}`);
    ledger.policyVersion = Math.max(
      ledger.policyVersion,
      Number(response.headers.get('x-hiclaw-policy-version')),
    );
    ledger.answered++;
    onAnswer();
    return answer;
  };
  for (let i = 0; ; i++) {
    const consumer = `${name}-${String(i)}`;
    await send('PUT', `/consumers/${consumer}`, { spec: { description: consumer } });
    ledger.consumers.set(consumer, consumer);
    const issued = await send('POST', `/consumers/${consumer}/tokens`, {});
    ledger.tokens.set(consumer, issued['token'] as string);
    await send('PATCH', `/consumers/${consumer}/access`, ROUTES);
    ledger.access.add(consumer);
    await send('PUT', `/credentials/${name}`, {
      spec: { value: `value-of-${consumer}`, hosts: ['a.example'] },
    });
    ledger.values.set(name, `value-of-${consumer}`);
  }
}

async function storm(round: number, ledger: Ledger): Promise<void> {
  const server = await startServer();
  const admin = readFileSync(join(home.path, 'admin-token'), 'utf8').trim();
  const routes = {
    'llm-routes/chat': { models: ['*'], targets: [{ provider: 'p' }] },
    'mcp-servers/tools': { url: 'https://a.example/mcp' },
    'service-routes/git': { baseUrl: 'https://a.example', allow: [{ methods: ['GET'], paths: ['/**'] }] },
  };
  for (const [path, spec] of Object.entries(routes)) {
    const headers = { authorization: `Bearer ${admin}`, 'content-type': 'application/json' };
    const answer = await fetch(`${server.url}/api/v1/${path}`, {
      method: 'PUT',
      headers,
      body: JSON.stringify({ spec }),
    });
    expect(answer.ok).toBe(true);
  }
  const until = ledger.answered + ANSWERED_BEFORE_KILL;
  const killWhenDue = (): void => {
    if (ledger.answered >= until) server.process.kill('SIGKILL');
  };
  const writers = Array.from({ length: WRITERS }, (_, i) =>
    write(server.url, `w${String(round)}-${String(i)}`, ledger, killWhenDue),
  );
  const outcomes = await Promise.allSettled(writers);
  await server.exited;
  for (const outcome of outcomes) {
    // Every writer ends because its connection broke, not because of an answer.
    expect(String(outcome.status === 'rejected' ? outcome.reason : 'none')).toMatch(
      /fetch failed|terminated|other side closed/,
    );
  }
}

async function check(ledger: Ledger): Promise<void> {
  const clock = new TestClock();
  const store = openStore(home.path, clock);
  try {
    const vault = await Vault.open({
      path: join(home.path, 'keys', 'vault.json'),
      store,
      clock,
      log: silentLog,
    });
    const set = store.resources();
    expect(set.policyVersion).toBeGreaterThanOrEqual(ledger.policyVersion);
    for (const [name, description] of ledger.consumers)
      expect(set.consumers.get(name)?.resource.spec.description).toBe(description);
    for (const [name, token] of ledger.tokens)
      expect(set.tokens.get(name)).toMatchObject([{ digest: Buffer.from(tokenDigest(token)) }]);
    for (const name of ledger.access) expect(set.grants.get(name)).toHaveLength(3);
    for (const [name, grants] of set.grants) expect([name, grants.length]).toEqual([name, 3]);
    for (const [name, value] of ledger.values) {
      const { resource, valueVersion } = set.credentials.get(name)!;
      const stored = vault.value(resource.metadata.uid, valueVersion).expose();
      // The write after the last answered one may be kept too.
      expect(Number(stored.split('-').at(-1))).toBeGreaterThanOrEqual(Number(value.split('-').at(-1)));
    }
    // One audit record per policy version: no write without its record, no record without its write.
    expect(store.audit.verify()).toMatchObject({ records: set.policyVersion, brokenAt: null });
  } finally {
    store.close();
  }
}

describe('kill -9 of the policy server in a storm of writes', () => {
  it(
    'loses nothing that was answered and keeps nothing half, again and again',
    { timeout: 120_000 },
    async () => {
      const ledger: Ledger = {
        consumers: new Map(),
        tokens: new Map(),
        access: new Set(),
        values: new Map(),
        policyVersion: 0,
        answered: 0,
      };
      for (let round = 0; round < 3; round++) {
        await storm(round, ledger);
        await check(ledger);
      }
      expect(ledger.answered).toBeGreaterThanOrEqual(3 * ANSWERED_BEFORE_KILL);
    },
  );
});
