import type { LlmRoute, McpServer, Provider, ServiceRoute } from '@hiclaw/resources';
import type { ResourceSet, StoredCredential } from '../store/resource-set.js';
import type { Refusal } from './conditions.js';
import {
  type OpenCredential,
  suspension,
  type TranslatedCredential,
  translateCredential,
} from './credentials.js';
import { shadowedBy } from './llm-paths.js';
import { Memo } from './memo.js';
import { priceEpoch } from './prices.js';
import { placementsTaken } from './preset-placement.js';
import { type FoundTarget, translateLlmRoute } from './llm-routes.js';
import { type AcceptedRoute, translateMcpServer, translateServiceRoute } from './routes.js';
import {
  type AcceptedUpstream,
  type CertificateProblem,
  type TranslatedUpstream,
  translateUpstream,
  type UpstreamSource,
} from './upstreams.js';

/** Everything of a translation that does not depend on consumers. */
export interface Base {
  /** By name. */
  readonly credentials: ReadonlyMap<string, TranslatedCredential>;
  /** By key, in its order. */
  readonly upstreams: ReadonlyMap<string, AcceptedUpstream>;
  /** By key, in its order. */
  readonly routes: ReadonlyMap<string, AcceptedRoute>;
  /** What is not served, by `<kind>/<name>`. */
  readonly refusals: ReadonlyMap<string, Refusal>;
}

export interface BaseOptions {
  /** Milliseconds since the Unix epoch: which prices are in force. */
  readonly nowMs: () => number;
  readonly openCredential: OpenCredential;
  readonly certificateProblem: CertificateProblem;
}

/** Translates what admins declare about upstreams and routes, each once for as long as it does not change. */
export class BaseTranslator {
  readonly #options: BaseOptions;
  readonly #bound = new WeakMap<StoredCredential, TranslatedCredential>();
  readonly #located = new Memo<TranslatedUpstream>();
  readonly #routed = new Memo<AcceptedRoute>();

  constructor(options: BaseOptions) {
    this.#options = options;
  }

  translate(set: ResourceSet): Base {
    const refusals = new Map<string, Refusal>();
    const credentials = this.#translateCredentials(set, refusals);
    const upstreams = new Map<string, AcceptedUpstream>();
    const routes = new Map<string, AcceptedRoute>();

    for (const [name, resource] of set.providers) {
      const at = this.#locate(resource, providerSource(name, resource), credentials);
      if (at.refusal === undefined) upstreams.set(at.accepted.upstream.key, at.accepted);
      else refusals.set(`Provider/${name}`, at.refusal);
    }
    for (const [name, resource] of set.mcpServers) {
      const at = this.#locate(resource, mcpServerSource(name, resource), credentials);
      if (at.refusal === undefined) {
        const { accepted } = at;
        upstreams.set(accepted.upstream.key, accepted);
        const routed = this.#routed.get([resource, accepted], () => translateMcpServer(resource, accepted));
        routes.set(routed.route.key, routed);
      } else refusals.set(`McpServer/${name}`, at.refusal);
    }
    for (const [name, resource] of set.serviceRoutes) {
      const at = this.#locate(resource, serviceRouteSource(name, resource), credentials);
      if (at.refusal === undefined) {
        const { accepted } = at;
        upstreams.set(accepted.upstream.key, accepted);
        const routed = this.#routed.get([resource, accepted], () =>
          translateServiceRoute(resource, accepted),
        );
        routes.set(routed.route.key, routed);
      } else refusals.set(`ServiceRoute/${name}`, at.refusal);
    }
    this.#routeLlm(set, upstreams, routes, refusals);
    return { credentials, upstreams: inOrder(upstreams), routes: inOrder(routes), refusals };
  }

  #translateCredentials(set: ResourceSet, refusals: Map<string, Refusal>): Map<string, TranslatedCredential> {
    const credentials = new Map<string, TranslatedCredential>();
    for (const [name, stored] of set.credentials) {
      let translated = this.#bound.get(stored);
      if (translated?.bound === undefined) {
        // A value that could not be opened may be there the next time.
        const again = translateCredential(stored, this.#options.openCredential);
        translated = translated === undefined || again.bound !== undefined ? again : translated;
        this.#bound.set(stored, translated);
      }
      credentials.set(name, translated);
      const refusal = translated.refusal ?? suspension(stored);
      if (refusal !== null) refusals.set(`Credential/${name}`, refusal);
    }
    return credentials;
  }

  #locate(
    resource: object,
    source: UpstreamSource,
    credentials: ReadonlyMap<string, TranslatedCredential>,
  ): TranslatedUpstream {
    const credential = source.credential === undefined ? undefined : credentials.get(source.credential);
    return this.#located.get([resource, credential], () =>
      translateUpstream(source, credential, this.#options.certificateProblem),
    );
  }

  #routeLlm(
    set: ResourceSet,
    upstreams: ReadonlyMap<string, AcceptedUpstream>,
    routes: Map<string, AcceptedRoute>,
    refusals: Map<string, Refusal>,
  ): void {
    const atMs = this.#options.nowMs();
    const paths = new Set<string>();
    const served: { readonly name: string; readonly path: string; readonly routed: AcceptedRoute }[] = [];
    for (const [name, resource] of set.llmRoutes) {
      const found = findTargets(resource, set, upstreams);
      if ('refusal' in found) {
        refusals.set(`LlmRoute/${name}`, found.refusal);
        continue;
      }
      const inputs = found.targets.flatMap(({ provider, at }) => [provider, at]);
      const providers = found.targets.map(({ provider }) => provider);
      const routed = this.#routed.get([resource, ...inputs, priceEpoch(providers, atMs)], () =>
        translateLlmRoute(resource, found.targets, atMs),
      );
      paths.add(resource.spec.path);
      served.push({ name, path: resource.spec.path, routed });
    }
    for (const { name, path, routed } of served) {
      const shadow = shadowedBy(path, paths);
      if (shadow === null) {
        routes.set(routed.route.key, routed);
        continue;
      }
      const message = `spec.path ${path} would hide ${shadow.endpoint} of the routes at ${shadow.path}; choose another path.`;
      refusals.set(`LlmRoute/${name}`, { reason: 'PathShadows', message });
    }
  }
}

/** One that is missing stops the whole route: without its first targets the fallbacks would be what its names mean. */
function findTargets(
  { spec }: LlmRoute,
  set: ResourceSet,
  upstreams: ReadonlyMap<string, AcceptedUpstream>,
): { readonly targets: readonly [FoundTarget, ...FoundTarget[]] } | { readonly refusal: Refusal } {
  const targets: FoundTarget[] = [];
  for (const { provider: name } of spec.targets) {
    const provider = set.providers.get(name);
    if (provider === undefined) {
      const message = `Provider "${name}" does not exist; create it or name another one in spec.targets.`;
      return { refusal: { reason: 'ProviderNotFound', message } };
    }
    const at = upstreams.get(`providers/${name}`);
    if (at === undefined) {
      const message = `Provider "${name}" is not served; its conditions say why.`;
      return { refusal: { reason: 'ProviderNotAccepted', message } };
    }
    targets.push({ provider, at });
  }
  const [first, ...others] = targets;
  if (first !== undefined) return { targets: [first, ...others] };
  return { refusal: { reason: 'ProviderNotFound', message: 'spec.targets names no provider.' } };
}

function providerSource(name: string, { spec }: Provider): UpstreamSource {
  const { baseUrl: url, credential, caCertificates } = spec;
  const addsUsage = spec.protocol === 'openai' && spec.includeUsage;
  return {
    key: `providers/${name}`,
    field: 'baseUrl',
    url,
    credential,
    caCertificates,
    addsUsage,
    placements: placementsTaken(spec),
  };
}

const NO_LLM = { addsUsage: false, placements: null };

function mcpServerSource(name: string, { spec }: McpServer): UpstreamSource {
  const { url, credential, caCertificates } = spec;
  return { key: `mcp-servers/${name}`, field: 'url', url, credential, caCertificates, ...NO_LLM };
}

function serviceRouteSource(name: string, { spec }: ServiceRoute): UpstreamSource {
  const { baseUrl: url, credential, caCertificates } = spec;
  const key = `service-routes/${name}`;
  return { key, field: 'baseUrl', url, credential, caCertificates, ...NO_LLM };
}

function inOrder<V>(map: ReadonlyMap<string, V>): ReadonlyMap<string, V> {
  return new Map([...map].sort(([a], [b]) => (a < b ? -1 : 1)));
}
