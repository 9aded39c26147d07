import { request as httpRequest } from 'node:http';
import type { Condition, GatewayReplica, ReplicaApplied } from '../gateways.js';
import type { CompileStatus } from '../xds/gateway-control.js';
import type { PolicyServerConfig } from '../config.js';
import { createPolicyServer, type PolicyServer, type RunningGateways } from '../server.js';
import { silentLog, temporaryDirectory, TestClock } from '../store/store.fixture.js';
import type { Logger } from '@hiclaw/service-kit';

/** Gateways that confirm when the test says so. */
export class ScriptedGateways implements RunningGateways {
  readonly asked: { policyVersion: number; timeoutMs: number }[] = [];
  replicas: GatewayReplica[] = [];
  answer: ReplicaApplied[] = [];
  conditionList: Condition[] = [];
  adminSocket: string | null = null;
  problems: { code: string; message: string }[] = [];

  start(): Promise<void> {
    return Promise.resolve();
  }

  stop(): Promise<void> {
    return Promise.resolve();
  }

  status(): CompileStatus {
    return { policyVersion: 1, problems: this.problems, lastCompileMs: 1, compilations: 1 };
  }

  applied(policyVersion: number, timeoutMs: number): Promise<readonly ReplicaApplied[]> {
    this.asked.push({ policyVersion, timeoutMs });
    return Promise.resolve(this.answer);
  }

  list(): readonly GatewayReplica[] {
    return this.replicas;
  }

  adminSocketOf(): string | null {
    return this.adminSocket;
  }

  conditions(): readonly Condition[] {
    return this.conditionList;
  }
}

interface AnswerItem {
  readonly actor?: string;
  readonly metadata: { readonly name: string };
  readonly action: string;
  readonly changes: readonly object[];
}

/** Fields of answers of every shape; a test looks at those that its answer has. */
interface AnswerBody {
  readonly code: string;
  readonly detail: string;
  readonly requestId: string;
  readonly id: string;
  readonly token: string;
  readonly keyId: string;
  readonly policyVersion: number;
  readonly ending: readonly object[];
  readonly ok: boolean;
  readonly error?: { readonly code: string; readonly hint: string } | null;
  readonly items: readonly AnswerItem[];
  readonly llmRoutes: Readonly<Record<string, readonly string[]>>;
  readonly metadata: {
    readonly name: string;
    readonly uid: string;
    readonly resourceVersion: string;
    readonly generation: number;
    readonly labels: Readonly<Record<string, string>>;
    readonly continue?: string;
  };
  readonly spec: { readonly allowedConsumers: readonly unknown[] };
  readonly status: {
    readonly conditions?: readonly { readonly type: string; readonly reason: string }[];
    readonly valueVersion: number;
    readonly revoked: boolean;
    readonly allowedConsumers: readonly object[];
  };
}

/** An answer with its body read. */
export interface Answer {
  readonly status: number;
  readonly headers: Readonly<Record<string, string | string[] | undefined>>;
  readonly text: string;
  readonly body: AnswerBody;
}

export interface Call {
  readonly method?: string;
  readonly path: string;
  readonly body?: unknown;
  /** Sent as it is, instead of `body`. */
  readonly raw?: string | Buffer;
  readonly headers?: Readonly<Record<string, string>>;
  /** Default: a valid admin token; null: none. */
  readonly token?: string | null;
}

/** A policy server on a free port of loopback with a fresh home, and a client for it. */
export class TestApi implements AsyncDisposable {
  readonly clock: TestClock;
  readonly gateways: ScriptedGateways;
  readonly home: string;
  server: PolicyServer;
  #token = '';
  readonly #log: Logger;
  readonly #remove: () => void;

  private constructor(parts: {
    clock: TestClock;
    gateways: ScriptedGateways;
    home: string;
    remove: () => void;
    log: Logger;
    server: PolicyServer;
  }) {
    this.clock = parts.clock;
    this.gateways = parts.gateways;
    this.home = parts.home;
    this.#remove = parts.remove;
    this.#log = parts.log;
    this.server = parts.server;
  }

  static async start(log: Logger = silentLog): Promise<TestApi> {
    const directory = temporaryDirectory();
    const home = directory.path;
    const remove = (): void => directory.remove();
    const clock = new TestClock();
    const gateways = new ScriptedGateways();
    const server = await TestApi.#serve(home, clock, gateways, log);
    const api = new TestApi({ clock, gateways, home, remove, log, server });
    api.#token = (await server.adminTokens.issue('tester', 400 * 24 * 3600)).expose();
    return api;
  }

  static #serve(
    home: string,
    clock: TestClock,
    gateways: ScriptedGateways,
    log: Logger,
  ): Promise<PolicyServer> {
    const config: PolicyServerConfig = {
      home,
      apiPort: 0,
      gatewayPort: 0,
      bind: '127.0.0.1',
      logLevel: 'silent',
      maxBodyBytes: 1024,
    };
    return createPolicyServer(config, { clock, log, createGateways: () => Promise.resolve(gateways) });
  }

  async restart(): Promise<void> {
    await this.server.close();
    this.server = await TestApi.#serve(this.home, this.clock, this.gateways, this.#log);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.server.close();
    this.#remove();
  }

  /** One request to the server, whatever its path. */
  send(call: Call): Promise<Answer> {
    const { hostname, port } = new URL(this.server.url);
    const token = call.token === undefined ? this.#token : call.token;
    const content = call.raw ?? (call.body === undefined ? undefined : JSON.stringify(call.body));
    const headers = {
      ...(token === null ? {} : { authorization: `Bearer ${token}` }),
      ...(content === undefined
        ? {}
        : { 'content-type': 'application/json', 'content-length': String(Buffer.byteLength(content)) }),
      ...call.headers,
    };
    return new Promise((resolve, reject) => {
      const request = httpRequest(
        { hostname, port, path: call.path, method: call.method ?? 'GET', headers, agent: false },
        (response) => {
          const chunks: Buffer[] = [];
          response.on('data', (chunk: Buffer) => chunks.push(chunk));
          response.on('error', reject);
          response.on('end', () => {
            const text = Buffer.concat(chunks).toString('utf8');
            const isJson = (response.headers['content-type'] ?? '').includes('json') && text !== '';
            const body = (isJson ? JSON.parse(text) : {}) as AnswerBody;
            resolve({ status: response.statusCode ?? 0, headers: response.headers, text, body });
          });
        },
      );
      request.on('error', reject);
      request.end(content);
    });
  }

  get(path: string, headers: Readonly<Record<string, string>> = {}): Promise<Answer> {
    return this.send({ path: `/api/v1${path}`, headers });
  }

  put(path: string, body?: unknown, headers: Readonly<Record<string, string>> = {}): Promise<Answer> {
    return this.send({ method: 'PUT', path: `/api/v1${path}`, body, headers });
  }

  post(path: string, body?: unknown, headers: Readonly<Record<string, string>> = {}): Promise<Answer> {
    return this.send({ method: 'POST', path: `/api/v1${path}`, body, headers });
  }

  patch(path: string, body: unknown, headers: Readonly<Record<string, string>> = {}): Promise<Answer> {
    return this.send({ method: 'PATCH', path: `/api/v1${path}`, body, headers });
  }

  delete(path: string, headers: Readonly<Record<string, string>> = {}): Promise<Answer> {
    return this.send({ method: 'DELETE', path: `/api/v1${path}`, headers });
  }
}

/** The specs that the tests of the API use. */
export const SPECS = {
  credential: { value: 'sk-very-real', hosts: ['api.openai.com'] },
  provider: { baseUrl: 'https://api.openai.com/v1', credential: 'openai', models: ['gpt-4o'] },
  llmRoute: { models: ['gpt-4o', 'gpt-3.5*'], targets: [{ provider: 'openai' }] },
  mcpServer: { url: 'https://mcp.example.com/mcp' },
  serviceRoute: { baseUrl: 'https://api.github.com', allow: [{ methods: ['GET'], paths: ['/repos/**'] }] },
} as const;
