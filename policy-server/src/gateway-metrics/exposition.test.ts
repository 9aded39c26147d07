import { describe, expect, it } from 'vitest';
import { MAX_SERIES, mergePages } from './exposition.js';
import { FAMILIES, STATISTICS_FILTER } from './families.js';

const filter = new RegExp(STATISTICS_FILTER);

async function samples(text: string | null, replica = 'gateway-0'): Promise<readonly string[]> {
  return (await mergePages([{ replica, text }]))
    .split('\n')
    .filter((line) => line !== '' && !line.startsWith('#') && !line.startsWith('hiclaw_gateway_scrape_up'));
}

describe('mergePages', () => {
  it('names the replica, keeps bounded labels, leaves out the rest', async () => {
    const page = [
      '# TYPE envoy_vhost_route_upstream_rq_xx counter',
      'envoy_vhost_route_upstream_rq_xx{envoy_response_code_class="2",envoy_virtual_host="all",envoy_route="llm-routes/chat"} 7',
      '# TYPE envoy_http_downstream_rq_total counter',
      'envoy_http_downstream_rq_total{envoy_http_conn_manager_prefix="admin"} 6',
      'envoy_http_downstream_rq_total{envoy_http_conn_manager_prefix="gateway"} 5',
      'envoy_http_downstream_rq_time_bucket{envoy_http_conn_manager_prefix="gateway",le="+Inf"} 5',
      'envoy_http_downstream_rq_time_sum{envoy_http_conn_manager_prefix="gateway"} 12.5',
      'envoy_http_downstream_rq_time_count{envoy_http_conn_manager_prefix="gateway"} 5',
      'hiclaw_refusals_total{reason="token-unknown"} 3',
      'envoy_server_live{} 1',
      'envoy_cluster_upstream_cx_http1_total{envoy_cluster_name="a"} 1',
      '',
    ].join('\n');
    expect(await samples(page)).toEqual([
      'hiclaw_refusals_total{replica="gateway-0",reason="token-unknown"} 3',
      'envoy_http_downstream_rq_total{replica="gateway-0"} 5',
      'envoy_http_downstream_rq_time_bucket{replica="gateway-0",le="+Inf"} 5',
      'envoy_http_downstream_rq_time_sum{replica="gateway-0"} 12.5',
      'envoy_http_downstream_rq_time_count{replica="gateway-0"} 5',
      'envoy_vhost_route_upstream_rq_xx{replica="gateway-0",envoy_response_code_class="2",envoy_route="llm-routes/chat"} 7',
      'envoy_server_live{replica="gateway-0"} 1',
    ]);
  });

  it('joins replicas, each family once, and says which could not be read', async () => {
    const text = 'envoy_server_live{} 1\n';
    const page = await mergePages([
      { replica: 'a', text },
      { replica: 'b', text: null },
      { replica: 'c', text },
    ]);
    expect(page.match(/# TYPE envoy_server_live gauge/g)).toHaveLength(1);
    expect(page).toContain('envoy_server_live{replica="a"} 1\nenvoy_server_live{replica="c"} 1\n');
    expect(page).toContain('hiclaw_gateway_scrape_up{replica="b"} 0\n');
    expect(page.endsWith('\n')).toBe(true);
  });

  it('keeps escapes, and passes on nothing that is not well-formed', async () => {
    const escaped = String.raw`hiclaw_refusals_total{reason="a\"b\\c\nd,e}"} 1`;
    expect(await samples(escaped)).toEqual([
      String.raw`hiclaw_refusals_total{replica="gateway-0",reason="a\"b\\c\nd,e}"} 1`,
    ]);
    for (const line of [
      'hiclaw_refusals_total{reason="a} 1',
      'hiclaw_refusals_total{reason=a} 1',
      'hiclaw_refusals_total{reason="a"}',
      'hiclaw_refusals_total{reason="a"} one',
      'hiclaw_refusals_total{reason="a"} 1 2 3',
      'hiclaw_refusals_total{reason="a"x} 1',
      'hiclaw_refusals_total_bucket{le="1"} 1',
      'envoy_http_downstream_rq_time{} 1',
      '{} 1',
      '\u0000',
    ])
      expect(await samples(line), line).toEqual([]);
  });

  it('bounds what one replica may bring', async () => {
    const lines = Array.from(
      { length: MAX_SERIES + 10 },
      (_, i) => `hiclaw_refusals_total{reason="r${i}"} 1`,
    );
    expect(await samples(lines.join('\n'))).toHaveLength(MAX_SERIES);
  });
});

describe('families', () => {
  it.each([
    ['wasmcustom.hiclaw_refusals_total.reason.token-unknown', true],
    ['vhost.all.route.llm-routes/chat.upstream_rq_2xx', true],
    ['vhost.all.route.llm-routes/chat.upstream_rq_200', false],
    ['cluster.providers/openai.upstream_rq_time', true],
    ['cluster.providers/openai.external.upstream_rq_time', true],
    ['http.gateway.downstream_rq_total', true],
    ['http.admin.downstream_rq_total', false],
    ['server.live', true],
    ['server.version', false],
  ])('asks Envoy for %s: %s', (statistic, wanted) => {
    expect(filter.test(statistic)).toBe(wanted);
  });

  it('have labels that routes, upstreams and reasons bound; none of a consumer, a path or a token', () => {
    const bounded = ['reason', 'envoy_route', 'envoy_cluster_name', 'envoy_response_code_class'];
    expect(FAMILIES.flatMap(({ labels }) => labels).filter((label) => !bounded.includes(label))).toEqual([]);
    expect(new Set(FAMILIES.map(({ name }) => name)).size).toBe(FAMILIES.length);
  });
});
