import { fileURLToPath } from 'node:url';
import { Registry } from 'prom-client';
import { describe, expect, it } from 'vitest';
import { SCRAPE_UP_HELP } from '../gateway-metrics/exposition.js';
import { FAMILIES } from '../gateway-metrics/families.js';
import { createMetrics, type MetricSources } from './metrics.js';

/**
 * What labels may be: lists in the code, and names of resources of which there are few. Anything of a consumer, a path or a
 * token grows without end.
 */
const BOUNDED: readonly string[] = [
  ...[
    'action',
    'complete',
    'dry_run',
    'kind',
    'method',
    'outcome',
    'reason',
    'result',
    'route',
    'state',
    'status',
  ],
  ...['envoy_cluster_name', 'envoy_response_code_class', 'envoy_route', 'provider', 'replica'],
];

interface Row {
  readonly name: string;
  readonly type: string;
  readonly labels: readonly string[];
  readonly help: string;
}

const PAGE = fileURLToPath(new URL('../../../docs/reference/metrics.md', import.meta.url));

const INTRODUCTION = `# Metrics

Made by a test from what the code registers. Three pages in
[Prometheus's text format](https://prometheus.io/docs/instrumenting/exposition_formats/#text-based-format), on the port
of the API. How to scrape them: [Observe](../how-to/observe.md).

Every label's values are bounded by what is configured: no label holds a consumer, a path, a token or anything else
that a client sends. Usage by consumer is \`GET /api/v1/usage\`.`;

const SECTIONS: readonly (readonly [title: string, text: string, read: (rows: Rows) => readonly Row[]])[] = [
  [
    '`/metrics`',
    'Open to everyone who reaches the port: it names no resource. Beside these, the metrics of a Node.js process\n(`process_…`, `nodejs_…`).',
    ({ process }) => process,
  ],
  [
    '`/metrics/usage`',
    'For bearers of the token in `keys/metrics-token` or of an admin token. Counters begin at zero with the policy server.',
    ({ usage }) => usage,
  ],
  [
    '`/metrics/gateways`',
    'For the same bearers. Read from the admin sockets of the connected gateways when it is asked for; each series has the\nlabel `replica`. Counters begin at zero with a gateway. A histogram `x` is `x_bucket` with the label `le`, `x_sum` and\n`x_count`. Series that were never used are left out.',
    ({ gateways }) => gateways,
  ],
];

interface Rows {
  readonly process: readonly Row[];
  readonly usage: readonly Row[];
  readonly gateways: readonly Row[];
}

interface Registered {
  readonly name: string;
  readonly help: string;
  readonly labelNames: readonly string[];
}

function rowsOf(registry: Registry): readonly Row[] {
  const metrics = registry.getMetricsAsArray() as unknown as readonly (Registered & object)[];
  return metrics
    .filter(({ name }) => name.startsWith('hiclaw_'))
    .map((metric) => ({
      name: metric.name,
      type: metric.constructor.name.toLowerCase(),
      labels: metric.labelNames.filter((label) => label !== 'le'),
      help: metric.help,
    }));
}

function readRows(): Rows {
  const registries = { process: new Registry(), usage: new Registry() };
  // Registering reads nothing yet.
  createMetrics({ usage: {}, limits: {} } as unknown as MetricSources, registries);
  return {
    process: rowsOf(registries.process),
    usage: rowsOf(registries.usage),
    gateways: [
      { name: 'hiclaw_gateway_scrape_up', type: 'gauge', labels: ['replica'], help: SCRAPE_UP_HELP },
      ...FAMILIES.map(({ name, type, labels, help }) => ({
        name,
        type,
        labels: ['replica', ...labels],
        help,
      })),
    ],
  };
}

function table(rows: readonly Row[]): string {
  const cells = [
    ['metric', 'type', 'labels', 'meaning'],
    ...rows.map(({ name, type, labels, help }) => [
      `\`${name}\``,
      type,
      labels.map((label) => `\`${label}\``).join(', '),
      help.replaceAll('|', '\\|'),
    ]),
  ];
  const widths = [0, 1, 2, 3].map((column) => Math.max(...cells.map((row) => row[column]?.length ?? 0)));
  const lines = cells.map((row) => `| ${row.map((cell, i) => cell.padEnd(widths[i] ?? 0)).join(' | ')} |`);
  const rule = `| ${widths.map((width) => '-'.repeat(width)).join(' | ')} |`;
  return [lines[0], rule, ...lines.slice(1)].join('\n');
}

describe('docs/reference/metrics.md', () => {
  it('lists every metric with its labels, none of them unbounded', async () => {
    const rows = readRows();
    const all = [...rows.process, ...rows.usage, ...rows.gateways];
    expect(all.flatMap(({ labels }) => labels).filter((label) => !BOUNDED.includes(label))).toEqual([]);
    for (const row of all) {
      expect(row.help, row.name).toMatch(/\.$/);
      expect(row.name).toMatch(/^(hiclaw|envoy)_[a-z0-9_]+$/);
    }
    const sections = SECTIONS.map(([title, text, read]) => `## ${title}\n\n${text}\n\n${table(read(rows))}`);
    await expect(`${[INTRODUCTION, ...sections].join('\n\n')}\n`).toMatchFileSnapshot(PAGE);
  });
});
