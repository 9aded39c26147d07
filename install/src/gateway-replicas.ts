import { adminApi } from './admin-api.js';
import type { HomePaths } from './home.js';

/** A gateway as the policy server sees it. */
export interface Replica {
  readonly id: string;
  readonly connected: boolean;
  /** In force in all its worker threads; null: none yet. */
  readonly appliedPolicyVersion: number | null;
  /** The last configuration it refused. */
  readonly lastError: { readonly at: string; readonly resource: string; readonly message: string } | null;
}

/** What `GET /api/v1/gateways` answered, or why it did not. */
export interface Replicas {
  readonly replicas: readonly Replica[];
  readonly problem: string | null;
}

/** Names of a gateway's process and of its Envoy node differ: envoy-0 is node gateway-0. */
export function nodeIdOf(processName: string): string {
  return processName.replace(/^envoy-/, 'gateway-');
}

/** Asks the policy server at `url` about its gateways. Never rejects. */
export async function askGateways(url: string, paths: HomePaths): Promise<Replicas> {
  const question = `GET ${url}/api/v1/gateways`;
  try {
    const { status, body } = await adminApi(url, paths).call('GET', '/gateways');
    if (status !== 200) return { replicas: [], problem: `${question} answered ${status}` };
    return { replicas: (body as { readonly items: readonly Replica[] }).items, problem: null };
  } catch (error) {
    return {
      replicas: [],
      problem: `${question}: ${error instanceof Error ? error.message : String(error)}`,
    };
  }
}
