import { type Network, startNetwork } from '../network/network.js';
import { createCertificateAuthority } from '../upstreams/certificate-authority.js';
import { type LlmProvider, startLlmProvider } from '../upstreams/llm-provider.js';
import type { RecordedRequest } from '../upstreams/recording-server.js';

/** What each provider takes, and no other may ever see. */
export const KEYS = {
  first: 'sk-first-real-5gT1',
  second: 'sk-second-real-9wQ2',
  third: 'sk-third-real-2mZ3',
  stranger: 'sk-stranger-real-7pL4',
} as const;

/** Three providers that differ in everything, behind routes, and one that is not who it says it is. */
export interface SeveralProviders extends AsyncDisposable {
  readonly network: Network;
  /** Plain HTTP at an address; `api-key`; base path `/v1`. */
  readonly first: LlmProvider;
  /** TLS at a name; `authorization`; base path `/api/paas/v4`. */
  readonly second: LlmProvider;
  /** Plain HTTP at an address; the query's `key`; base path `/openai`. */
  readonly third: LlmProvider;
  /** TLS with a certificate of an authority that nobody trusts. */
  readonly stranger: LlmProvider;
  /** May use every model. */
  readonly alice: string;
  /** May use `gpt-4o` only. */
  readonly bob: string;
}

export async function startSeveralProviders(): Promise<SeveralProviders> {
  const authority = createCertificateAuthority();
  const [first, second, third, stranger] = await Promise.all([
    startLlmProvider({ credential: KEYS.first }),
    startLlmProvider({ credential: KEYS.second, tls: authority.issue() }),
    startLlmProvider({ credential: KEYS.third }),
    startLlmProvider({ credential: KEYS.stranger, tls: createCertificateAuthority('nobody').issue() }),
  ]);
  const providers = [first, second, third, stranger];
  const closeProviders = async (): Promise<void> => {
    await Promise.all(providers.map((one) => one.close()));
  };
  try {
    const network = await startNetwork();
    const { admin } = network;
    const later = { wait: false };
    const hosts = ['127.0.0.1', 'localhost'];
    const caCertificates = authority.cert;
    const header = { header: 'api-key', prefix: '', hosts };
    const query = { in: 'query', parameter: 'key', hosts };
    await admin.put('credentials', 'first', { value: KEYS.first, ...header }, later);
    await admin.put('credentials', 'second', { value: KEYS.second, hosts }, later);
    await admin.put('credentials', 'third', { value: KEYS.third, ...query }, later);
    await admin.put('credentials', 'stranger', { value: KEYS.stranger, hosts }, later);
    const provide = async (name: string, spec: object): Promise<void> => {
      await admin.put('providers', name, { ...spec, credential: name }, later);
    };
    await provide('first', { baseUrl: `${first.origin}/v1` });
    await provide('second', { baseUrl: `${second.origin}/api/paas/v4`, caCertificates });
    await provide('third', { baseUrl: `${third.origin}/openai`, includeUsage: false });
    await provide('stranger', { baseUrl: `${stranger.origin}/v1`, caCertificates });
    await admin.put('consumers', 'worker-alice', {}, later);
    await admin.put('consumers', 'worker-bob', {}, later);
    const alice = (await admin.issueToken('worker-alice')).token;
    const bob = (await admin.issueToken('worker-bob')).token;
    const dispose = async (): Promise<void> => {
      await network.close();
      await closeProviders();
    };
    return { network, first, second, third, stranger, alice, bob, [Symbol.asyncDispose]: dispose };
  } catch (error) {
    await closeProviders();
    throw error;
  }
}

/** Everything that a provider was sent, as text. */
export function seenBy({ requests }: LlmProvider): string {
  return JSON.stringify(
    requests.map((one: RecordedRequest) => [one.url, one.rawHeaders, one.body.toString('latin1')]),
  );
}
