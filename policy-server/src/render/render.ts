import type { GatewayRoute, GatewayState, Pool, Upstream } from '../translate/state.js';
import { renderCluster } from './cluster.js';
import type { EnvoyMessage } from './json.js';
import { renderPool } from './pool.js';
import { renderRouteConfiguration, renderRoutes } from './routes.js';
import type { RenderSettings } from './settings.js';

/** The resources that all gateways share. */
export interface RenderedState {
  readonly clusters: readonly EnvoyMessage[];
  readonly routes: EnvoyMessage;
}

/** Renders states; what did not change since the last one is the same object again. */
export function createRenderer(settings: RenderSettings): (state: GatewayState) => RenderedState {
  const clusters = new WeakMap<Upstream, EnvoyMessage>();
  const pools = new WeakMap<Pool, EnvoyMessage>();
  const routes = new WeakMap<GatewayRoute, readonly EnvoyMessage[]>();
  let last: { readonly of: readonly GatewayRoute[]; readonly table: EnvoyMessage } | null = null;
  return (state) => {
    if (last?.of !== state.routes) {
      const parts = state.routes.flatMap((route) => remember(routes, route, renderRoutes));
      last = { of: state.routes, table: renderRouteConfiguration(parts) };
    }
    return {
      clusters: [
        ...state.upstreams.map((upstream) =>
          remember(clusters, upstream, () => renderCluster(upstream, settings)),
        ),
        ...state.pools.map((pool) => remember(pools, pool, () => renderPool(pool, settings))),
      ],
      routes: last.table,
    };
  };
}

function remember<K extends object, V>(known: WeakMap<K, V>, key: K, make: (key: K) => V): V {
  const before = known.get(key);
  if (before !== undefined) return before;
  const made = make(key);
  known.set(key, made);
  return made;
}
