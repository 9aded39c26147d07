import { Secret } from '@hiclaw/service-kit';
import { describe, expect, it } from 'vitest';
import type { GatewayState } from '../translate/state.js';
import { findProblems } from './invariants.js';

function digest(fill: number, end = fill): Uint8Array {
  const bytes = new Uint8Array(32).fill(fill);
  bytes.fill(end, 16);
  return bytes;
}

const good: GatewayState = {
  policyVersion: 1,
  maxBodyBytes: 1024,
  upstreams: [
    {
      key: 'providers/p',
      secure: true,
      host: 'api.example.com',
      port: 443,
      hostKind: 'name',
      caCertificates: null,
    },
  ],
  pools: [],
  routes: [
    {
      key: 'llm-routes/r',
      variant: 'llm-routes/r',
      attempts: null,
      kind: 'llm',
      upstream: 'providers/p',
      hostHeader: 'api.example.com',
      rewrites: [{ match: 'prefix', from: '/v1/', to: '/' }],
    },
  ],
  access: {
    routes: [{ kind: 'llm', key: 'llm-routes/r', path: '/v1', models: ['*'], catalogue: [] }],
    consumers: [
      {
        name: 'alice',
        disabled: false,
        revoked: false,
        expiresAt: 0,
        tokens: [{ digest: digest(1), expiresAt: 0 }],
        grants: [{ route: 'llm-routes/r', models: null }],
      },
      {
        name: 'bob',
        disabled: false,
        revoked: false,
        expiresAt: 0,
        tokens: [{ digest: digest(2), expiresAt: 0 }],
        grants: [],
      },
    ],
  },
  injection: {
    upstreams: [{ key: 'providers/p', host: 'api.example.com:443', credential: 'c/1', bindings: [] }],
    credentials: [
      {
        id: 'c/1',
        placement: 'header',
        name: 'authorization',
        prefix: 'Bearer ',
        hosts: ['api.example.com'],
        value: new Secret('x'),
      },
    ],
  },
};

/** The same with two targets, and alice on a variant with the first of them. */
const pooled = ((): GatewayState => {
  const [upstream] = good.upstreams;
  const [route] = good.routes;
  const [access] = good.access.routes;
  const [alice, bob] = good.access.consumers;
  if (!upstream || !route || access?.kind !== 'llm' || !alice || !bob) throw new Error('incomplete');
  const common = { upstream, hostHeader: 'api.example.com', weight: 1 };
  const targets = [
    { ...common, index: 0, priority: 0, model: null },
    { ...common, index: 1, priority: 1, model: 'other' },
  ];
  const into = {
    ...route,
    hostHeader: null,
    rewrites: [{ match: 'prefix', from: '/v1/', to: null }],
  } as const;
  const variant = 'llm-routes/r~1';
  const grants = [{ route: 'llm-routes/r', models: ['a'], envoyRoute: variant }];
  return {
    ...good,
    pools: [
      { key: 'llm-routes/r', targets, waits: false },
      { key: variant, targets: targets.slice(0, 1), waits: false },
    ],
    routes: [
      { ...into, upstream: 'llm-routes/r' },
      { ...into, variant, upstream: variant },
    ],
    access: { routes: [{ ...access, rebases: true }], consumers: [{ ...alice, grants }, bob] },
  };
})();

const [pool, part] = pooled.pools;
const [whole, variant] = pooled.routes;
const [route] = good.routes;
const [upstream] = good.upstreams;
const [access] = good.access.routes;
const [alice, bob] = good.access.consumers;
const [bound] = good.injection.upstreams;
const [credential] = good.injection.credentials;

function consumers(...list: GatewayState['access']['consumers']): GatewayState {
  return { ...good, access: { ...good.access, consumers: list } };
}

function injection(part: Partial<GatewayState['injection']>): GatewayState {
  return { ...good, injection: { ...good.injection, ...part } };
}

const rows: readonly (readonly [what: string, state: GatewayState, codes: readonly string[]])[] = [
  ['nothing wrong', good, []],
  ['nothing wrong with a variant', pooled, []],
  [
    'a variant of another name',
    { ...pooled, routes: [whole!, { ...variant!, variant: 'llm-routes/x~1' }] },
    ['variant-misnamed', 'grant-dangling'],
  ],
  ['a variant that does not exist', { ...pooled, routes: [whole!], pools: [pool!] }, ['grant-dangling']],
  ['a variant to nowhere', { ...pooled, pools: [pool!] }, ['upstream-dangling', 'rewrite-misplaced']],
  [
    'a pool behind a route that rewrites',
    { ...pooled, routes: [whole!, { ...variant!, hostHeader: 'x' }] },
    ['rewrite-misplaced'],
  ],
  ['a pool without targets', { ...pooled, pools: [pool!, { ...part!, targets: [] }] }, ['pool-priorities']],
  [
    'a pool with a gap',
    {
      ...pooled,
      pools: [{ ...pool!, targets: [pool!.targets[0]!, { ...pool!.targets[1]!, priority: 2 }] }, part!],
    },
    ['pool-priorities'],
  ],
  [
    'a pool with a target twice',
    { ...pooled, pools: [{ ...pool!, targets: [pool!.targets[0]!, pool!.targets[0]!] }, part!] },
    ['target-repeated'],
  ],
  [
    'a pool that goes elsewhere than injection knows',
    {
      ...pooled,
      pools: [
        pool!,
        { ...part!, targets: [{ ...part!.targets[0]!, upstream: { ...part!.targets[0]!.upstream } }] },
      ],
    },
    ['upstream-dangling'],
  ],
  [
    'a pool whose calls are not described',
    { ...pooled, access: { ...pooled.access, routes: good.access.routes } },
    ['pool-not-rebased', 'pool-not-rebased'],
  ],
  [
    'a pool with the key of an upstream',
    { ...pooled, pools: [...pooled.pools, { ...part!, key: 'providers/p' }] },
    ['upstream-repeated', 'pool-not-rebased'],
  ],
  ['two upstreams with one key', { ...good, upstreams: [upstream!, upstream!] }, ['upstream-repeated']],
  ['two routes with one key', { ...good, routes: [route!, route!] }, ['route-repeated']],
  [
    'a route to nowhere',
    { ...good, routes: [{ ...route!, upstream: 'providers/none' }] },
    ['upstream-dangling'],
  ],
  [
    'a route that matches no path',
    { ...good, routes: [{ ...route!, rewrites: [] }] },
    ['route-without-path'],
  ],
  [
    'a route only Envoy knows',
    { ...good, access: { ...good.access, routes: [] } },
    ['routes-differ', 'grant-dangling'],
  ],
  ['a route only key-auth knows', { ...good, routes: [] }, ['routes-differ', 'grant-dangling']],
  ...['/mcp-servers', '/services/x', '/healthz', '', '/v1/', 'v1'].map(
    (path) =>
      [
        `an LLM route at "${path}"`,
        { ...good, access: { ...good.access, routes: [{ ...access!, path } as typeof access & object] } },
        ['path-shadows'],
      ] as const,
  ),
  [
    'two credentials with one id',
    injection({ credentials: [credential!, credential!] }),
    ['credential-repeated'],
  ],
  ['a credential that is not there', injection({ credentials: [] }), ['credential-dangling']],
  [
    'a credential where it may not go',
    injection({ credentials: [{ ...credential!, hosts: ['api.example.com:8443'] }] }),
    ['credential-host-mismatch'],
  ],
  [
    'a consumer bound to a credential that may not go there',
    injection({
      upstreams: [{ ...bound!, bindings: [{ consumer: 'alice', credential: 'c/2' }] }],
      credentials: [credential!, { ...credential!, id: 'c/2', hosts: ['other.example.com'] }],
    }),
    ['credential-host-mismatch'],
  ],
  [
    'a consumer bound twice',
    injection({
      upstreams: [
        {
          ...bound!,
          bindings: [
            { consumer: 'alice', credential: 'c/1' },
            { consumer: 'alice', credential: 'c/1' },
          ],
        },
      ],
    }),
    ['binding-repeated'],
  ],
  [
    'injection and clusters that disagree on a host',
    injection({ upstreams: [{ ...bound!, host: 'other.example.com:443' }] }),
    ['upstream-differs'],
  ],
  ['an upstream without injection', injection({ upstreams: [] }), ['upstream-differs']],
  ['a consumer listed twice', consumers(alice!, { ...alice!, tokens: [] }), ['consumer-repeated']],
  ['consumers out of order', consumers(bob!, alice!), ['consumer-repeated']],
  [
    'a grant on nothing',
    consumers({ ...alice!, grants: [{ route: 'llm-routes/none', models: null }] }),
    ['grant-dangling'],
  ],
  [
    'two grants on one route',
    consumers({ ...alice!, grants: [...alice!.grants, ...alice!.grants] }),
    ['grant-repeated'],
  ],
  [
    'two equal digests',
    consumers(alice!, { ...bob!, tokens: [{ digest: digest(1), expiresAt: 0 }] }),
    ['digest-repeated'],
  ],
  [
    'two digests that differ only where the image does not look',
    consumers(alice!, { ...bob!, tokens: [{ digest: digest(1, 9), expiresAt: 0 }] }),
    ['digest-repeated'],
  ],
  [
    'a digest that is too short',
    consumers({ ...alice!, tokens: [{ digest: new Uint8Array(15), expiresAt: 0 }] }),
    ['digest-repeated'],
  ],
];

describe('findProblems', () => {
  it.each(rows)('%s', (_what, state, codes) => {
    expect(findProblems(state, null).map(({ code }) => code)).toEqual(codes);
  });

  it.each(rows)('%s, after a good state', (_what, state, codes) => {
    expect(findProblems(state, good).map(({ code }) => code)).toEqual(codes);
  });

  it('says nothing of a secret or a digest', () => {
    const said = rows.flatMap(([, state]) => findProblems(state, null).map(({ message }) => message)).join();
    expect(said).not.toContain('0101');
  });
});
