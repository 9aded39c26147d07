import { type Network, type NetworkOptions, startNetwork } from '../../network/network.js';
import { GATEWAY_CORE, LOAD_CORE } from '../cores.js';
import type { Row } from './row.js';

export const CREDENTIAL = 'sk-bench-4f1e0a6b27';
export const CONSUMER = 'worker-bench';

/** Our gateway as a row, with what a caller needs to use it. */
export interface OurRow extends Row {
  readonly network: Network;
  readonly token: string;
}

export interface OurRowOptions extends Pick<NetworkOptions, 'accessLog' | 'usageJournal'> {
  readonly name?: string;
}

/**
 * One gateway with one worker thread on the gateway's core, its policy server on the other, a service route
 * `/services/bench/…` and an LLM route `/v1` to the upstream, and one consumer that may use both.
 */
export async function startOurRow(upstreamPort: number, options: OurRowOptions = {}): Promise<OurRow> {
  const network = await startNetwork({
    concurrency: 1,
    gatewayCore: GATEWAY_CORE,
    policyServerCore: LOAD_CORE,
    accessLog: options.accessLog ?? false,
    usageJournal: options.usageJournal ?? true,
  });
  try {
    await createBenchPolicy(network, upstreamPort);
    const { token } = await network.admin.issueToken(CONSUMER);
    return {
      name: options.name ?? 'ours',
      port: network.replicas[0]?.port ?? 0,
      get pids() {
        return network.replicas.map((replica) => replica.envoy.process.pid);
      },
      restart: async () => {
        for (const replica of network.replicas) {
          await replica.kill();
          await replica.restart();
        }
      },
      network,
      token,
      [Symbol.asyncDispose]: () => network.close(),
    };
  } catch (error) {
    await network.close();
    throw error;
  }
}

/** Spec of the credential `bench`. */
export function benchCredential(value: string): object {
  return { value, in: 'header', header: 'Authorization', prefix: 'Bearer ', hosts: ['127.0.0.1'] };
}

/**
 * The routes that every measurement uses, admitting `CONSUMER`.
 *
 * @param llmPort where LLM requests go. Default: as the others.
 */
export async function createBenchPolicy(
  { admin }: Pick<Network, 'admin'>,
  upstreamPort: number,
  llmPort = upstreamPort,
): Promise<void> {
  const origin = `http://127.0.0.1:${upstreamPort}`;
  await admin.put('credentials', 'bench', benchCredential(CREDENTIAL));
  await admin.put('providers', 'bench', {
    protocol: 'openai',
    baseUrl: `http://127.0.0.1:${llmPort}/v1`,
    credential: 'bench',
    models: ['gpt-4o', 'gpt-4o-mini', 'pretend-endless-every-20ms'],
  });
  await admin.put('consumers', CONSUMER, {});
  await admin.put('llm-routes', 'bench', {
    path: '/v1',
    models: ['gpt-4o', 'gpt-4o-*', 'pretend-*'],
    targets: [{ provider: 'bench' }],
    allowedConsumers: [CONSUMER],
  });
  await admin.put('service-routes', 'bench', {
    baseUrl: origin,
    credential: 'bench',
    allow: [{ methods: ['POST', 'GET'], paths: ['/**'] }],
    allowedConsumers: [CONSUMER],
  });
}

/** Beside those of `createBenchPolicy`, routes to an upstream that streams: `/streams` for LLM calls, `/services/streams`. */
export async function createStreamPolicy({ admin }: Pick<Network, 'admin'>, port: number): Promise<void> {
  const origin = `http://127.0.0.1:${port}`;
  await admin.put('providers', 'streams', {
    protocol: 'openai',
    baseUrl: `${origin}/v1`,
    credential: 'bench',
    models: ['gpt-4o'],
  });
  await admin.put('llm-routes', 'streams', {
    path: '/streams',
    models: ['gpt-4o'],
    targets: [{ provider: 'streams' }],
    allowedConsumers: [CONSUMER],
  });
  await admin.put('service-routes', 'streams', {
    baseUrl: origin,
    credential: 'bench',
    allow: [{ methods: ['POST'], paths: ['/**'] }],
    allowedConsumers: [CONSUMER],
  });
}
