import { type Network, type NetworkOptions, startNetwork } from '../network/network.js';
import { startEchoService } from '../upstreams/echo-service.js';
import { type LlmProvider, startLlmProvider } from '../upstreams/llm-provider.js';
import { type McpEverything, startMcpEverything } from '../upstreams/mcp-everything.js';
import type { RecordingServer } from '../upstreams/recording-server.js';

/** Real credentials of the scene, in every form in which they could leak. */
export const SECRETS = {
  provider: 'sk-real-provider-7Hq2mZ',
  query: 'query-real-credential-91xK',
  basic: 'svc-user:basic-real-credential-55pQ',
  alicePat: 'pat-of-alice-real-3LmN0',
} as const;

/** Two workers, a provider, an MCP server and services, each behind a route, all real and running. */
export interface Scene extends AsyncDisposable {
  readonly network: Network;
  readonly provider: LlmProvider;
  readonly echo: RecordingServer;
  readonly mcp: McpEverything;
  /** May use everything. */
  readonly alice: string;
  /** May use `gpt-3.5-turbo` and `pretend*`, the services, not the MCP server. */
  readonly bob: string;
}

export async function startScene(options: NetworkOptions = {}): Promise<Scene> {
  const [provider, echo, mcp] = await Promise.all([
    startLlmProvider({ credential: SECRETS.provider }),
    startEchoService(),
    startMcpEverything(),
  ]);
  const upstreams = [provider, echo, mcp];
  const closeUpstreams = async (): Promise<void> => {
    await Promise.all(upstreams.map((one) => one.close()));
  };
  try {
    const network = await startNetwork(options);
    const tokens = await furnish(network, provider, echo, mcp);
    const dispose = async (): Promise<void> => {
      await network.close();
      await closeUpstreams();
    };
    return { network, provider, echo, mcp, ...tokens, [Symbol.asyncDispose]: dispose };
  } catch (error) {
    await closeUpstreams();
    throw error;
  }
}

async function furnish(
  { admin }: Network,
  provider: LlmProvider,
  echo: RecordingServer,
  mcp: McpEverything,
): Promise<{ alice: string; bob: string }> {
  const hosts = ['127.0.0.1'];
  const later = { wait: false };
  await admin.put('credentials', 'provider-key', { value: SECRETS.provider, hosts }, later);
  await admin.put(
    'credentials',
    'query-key',
    { value: SECRETS.query, in: 'query', parameter: 'key', hosts },
    later,
  );
  await admin.put('credentials', 'basic-login', { value: SECRETS.basic, in: 'basic', hosts }, later);
  await admin.put('credentials', 'pat-of-alice', { value: SECRETS.alicePat, hosts }, later);
  const credentials = { 'service-routes/basic': 'pat-of-alice' };
  await admin.put('consumers', 'worker-alice', { credentials }, later);
  await admin.put('consumers', 'worker-bob', {}, later);
  const baseUrl = `${provider.origin}/v1`;
  await admin.put(
    'providers',
    'pretend',
    { baseUrl, credential: 'provider-key', models: ['gpt-4o', 'gpt-3.5-turbo'] },
    later,
  );
  await admin.put(
    'llm-routes',
    'chat',
    {
      path: '/v1',
      models: ['gpt-*', 'pretend*'],
      targets: [{ provider: 'pretend' }],
      allowedConsumers: ['worker-alice', { name: 'worker-bob', models: ['gpt-3.5-turbo', 'pretend*'] }],
    },
    later,
  );
  await admin.put('mcp-servers', 'everything', { url: mcp.url, allowedConsumers: ['worker-alice'] }, later);
  const both = ['worker-alice', 'worker-bob'];
  const allow = [
    { methods: ['GET'], paths: ['/public/**'] },
    { methods: ['POST'], paths: ['/items'] },
  ];
  await admin.put(
    'service-routes',
    'query',
    { baseUrl: echo.origin, credential: 'query-key', allow, allowedConsumers: both },
    later,
  );
  await admin.put(
    'service-routes',
    'basic',
    { baseUrl: `${echo.origin}/base`, credential: 'basic-login', allow, allowedConsumers: both },
    later,
  );
  const alice = await admin.issueToken('worker-alice');
  const bob = await admin.issueToken('worker-bob');
  return { alice: alice.token, bob: bob.token };
}
