import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { request } from 'undici';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { bearer, call, chat, get } from '../e2e/calls.js';
import { type Scene, startScene } from '../e2e/scene.js';
import { freePorts } from '../network/free-ports.js';
import { until } from '../network/until.js';
import { readExpressions, readScrapePaths } from './files.js';
import { readPromQl } from './promql.js';

/** Label names by name of the series. */
type Series = Map<string, Set<string>>;

function readSeries(pages: readonly string[]): Series {
  const series: Series = new Map();
  for (const line of pages.join('\n').split('\n')) {
    if (line === '' || line.startsWith('#')) continue;
    const [, name = '', labels = ''] = /^(\w+)(?:\{(.*)\})? /.exec(line) ?? [];
    const names = series.get(name) ?? new Set<string>();
    for (const [, label = ''] of labels.matchAll(/(\w+)="(?:[^"\\]|\\.)*"/g)) names.add(label);
    series.set(name, names);
  }
  return series;
}

describe('metrics of real processes', () => {
  let scene: Scene;
  let scrapeToken: string;
  const scrape = async (path: string): Promise<string> => {
    const { statusCode, body } = await request(`${scene.network.apiOrigin}${path}`, {
      headers: bearer(scrapeToken),
    });
    const text = await body.text();
    expect(statusCode, text).toBe(200);
    return text;
  };

  beforeAll(async () => {
    scene = await startScene({
      replicas: 2,
      tracing: { endpoint: 'http://127.0.0.1:9', service: 'edge', percent: 100 },
    });
    const { network } = scene;
    scrapeToken = (await readFile(join(network.home.folder, 'keys', 'metrics-token'), 'utf8')).trim();
    const [deadPort = 0] = await freePorts(1);
    const allow = [{ methods: ['GET'], paths: ['/**'] }];
    await network.admin.put('service-routes', 'dead', {
      baseUrl: `http://127.0.0.1:${deadPort}`,
      allow,
      allowedConsumers: ['worker-alice'],
    });
    const dead = { baseUrl: `http://127.0.0.1:${deadPort}/v1`, models: ['spare-model'] };
    await network.admin.put('providers', 'dead', dead);
    await network.admin.put('llm-routes', 'fallback', {
      path: '/v1',
      models: ['spare-model'],
      targets: [
        { provider: 'dead', priority: 0 },
        { provider: 'pretend', priority: 1 },
      ],
      allowedConsumers: ['worker-alice'],
    });
    for (const { origin } of network.replicas) {
      await chat(origin, scene.alice, 'spare-model');
      await chat(origin, scene.bob, 'gpt-3.5-turbo');
      await chat(origin, scene.bob, 'gpt-4o');
      await get(origin, '/services/query/public/x', scene.alice);
      await get(origin, '/services/dead/x', scene.alice);
      await call(`${origin}/v1/models`, { method: 'GET', headers: bearer('hck_wrong') });
    }
  });
  afterAll(() => scene[Symbol.asyncDispose]());

  it('have every name and label that dashboard and alerts use', async () => {
    const { network } = scene;
    const read = async (): Promise<Series> => readSeries(await Promise.all(readScrapePaths().map(scrape)));
    await until(
      async () => {
        const series = await read();
        return [
          'hiclaw_llm_tokens_total',
          'envoy_http_downstream_rq_time_bucket',
          'envoy_cluster_upstream_rq_time_bucket',
        ].every((name) => series.has(name));
      },
      {
        withinMs: 15_000,
        onTimeout: () => network.logs(),
      },
    );
    const scraped = await read();
    // What was never used is left out of the page; that Envoy has it, Envoy itself says, and that it is passed on, the reference.
    const envoy = readSeries(
      await Promise.all(network.replicas.map((replica) => replica.envoy.admin.page('/stats/prometheus'))),
    );
    const reference = await readFile(new URL('../../../docs/reference/metrics.md', import.meta.url), 'utf8');
    const labelsOf = (metric: string): ReadonlySet<string> | null => {
      const used = scraped.get(metric);
      if (used !== undefined) return used;
      const unused = envoy.get(metric);
      return unused !== undefined && reference.includes(`\`${metric}\``)
        ? new Set([...unused, 'replica'])
        : null;
    };
    const wrong: string[] = [];
    for (const { where, expression } of readExpressions()) {
      const { metrics, matched, grouped } = readPromQl(expression);
      for (const metric of metrics)
        if (labelsOf(metric) === null) wrong.push(`${where}: no metric ${metric}`);
      for (const { metric, label } of matched) {
        if (labelsOf(metric)?.has(label) === false) wrong.push(`${where}: ${metric} has no label ${label}`);
      }
      for (const label of grouped) {
        if (!metrics.some((metric) => labelsOf(metric)?.has(label)))
          wrong.push(`${where}: no label ${label}`);
      }
    }
    expect(wrong).toEqual([]);
  });

  it('count refusals by reason, calls by route and bytes, for each replica', async () => {
    const page = await scrape('/metrics/gateways');
    for (const replica of ['gateway-0', 'gateway-1']) {
      expect(page).toContain(`hiclaw_gateway_scrape_up{replica="${replica}"} 1\n`);
      expect(page).toContain(`hiclaw_refusals_total{replica="${replica}",reason="token-malformed"} 1\n`);
      expect(page).toContain(`hiclaw_refusals_total{replica="${replica}",reason="model-not-allowed"} 1\n`);
      expect(page).toContain(
        `envoy_vhost_route_upstream_rq_xx{replica="${replica}",envoy_response_code_class="2",envoy_route="llm-routes/chat"} 1\n`,
      );
      expect(page).toMatch(
        new RegExp(
          `envoy_vhost_route_upstream_rq_retry\\{replica="${replica}",envoy_route="service-routes/dead"\\} 2\n`,
        ),
      );
    }
  });

  it('grow with routes and upstreams, not with consumers, paths and what clients send', async () => {
    const { network } = scene;
    const count = async (): Promise<number> => (await scrape('/metrics/gateways')).split('\n').length;
    const internal = async (): Promise<number> => (await network.replicas[0]?.envoy.admin.stats())?.size ?? 0;
    // Envoy shows a histogram from its next flush on, at most 5 s later.
    const isFlushed = async (): Promise<boolean> => {
      const page = await scrape('/metrics/gateways');
      const labels = network.replicas.flatMap(({ index }) =>
        ['service-routes/query', 'providers/pretend', 'llm-routes/fallback'].map(
          (cluster) => `{replica="gateway-${index}",envoy_cluster_name="${cluster}"}`,
        ),
      );
      return labels.every((label) => page.includes(`envoy_cluster_upstream_rq_time_count${label}`));
    };
    await until(isFlushed, { withinMs: 15_000, onTimeout: () => scrape('/metrics/gateways') });
    const before = [await count(), await internal()];
    for (let n = 0; n < 20; n++) {
      await network.admin.put('consumers', `more-${n}`, {}, { wait: false });
      const headers = {
        ...bearer(scene.alice),
        'user-agent': `agent-${n}`,
        'x-envoy-upstream-alt-stat-name': `s-${n}`,
      };
      const url = `${network.gatewayOrigin}/services/query/public/${n}?q=${n}`;
      expect((await call(url, { method: 'GET', headers })).status).toBe(200);
    }
    expect([await count(), await internal()]).toEqual(before);
  });

  it('say so when a replica does not answer, and go on without it', async () => {
    const pid = scene.network.replicas[1]?.envoy.process.pid ?? 0;
    process.kill(pid, 'SIGSTOP');
    try {
      const page = await scrape('/metrics/gateways');
      expect(page).toContain('hiclaw_gateway_scrape_up{replica="gateway-1"} 0\n');
      expect(page).toContain('hiclaw_gateway_scrape_up{replica="gateway-0"} 1\n');
    } finally {
      process.kill(pid, 'SIGCONT');
    }
  });
});
