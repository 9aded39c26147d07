import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { parse } from 'yaml';

export interface Panel {
  readonly id: number;
  readonly type: string;
  readonly title: string;
  readonly datasource?: { readonly type: string; readonly uid: string };
  readonly gridPos: { readonly x: number; readonly y: number; readonly w: number; readonly h: number };
  readonly targets?: readonly {
    readonly refId: string;
    readonly expr: string;
    readonly legendFormat: string;
    readonly datasource: { readonly type: string; readonly uid: string };
  }[];
}

export interface Dashboard {
  readonly uid: string;
  readonly title: string;
  readonly schemaVersion: number;
  readonly panels: readonly Panel[];
  readonly templating: {
    readonly list: readonly { readonly name: string; readonly type: string; readonly query: unknown }[];
  };
}

export interface AlertRule {
  readonly alert: string;
  readonly expr: string;
  readonly for?: string;
  readonly labels: Readonly<Record<string, string>>;
  readonly annotations: Readonly<Record<string, string>>;
}

function text(path: string): string {
  return readFileSync(fileURLToPath(new URL(`../../../observability/${path}`, import.meta.url)), 'utf8');
}

export function readDashboard(): Dashboard {
  return JSON.parse(text('grafana/hiclaw.json')) as Dashboard;
}

export function readAlerts(): readonly AlertRule[] {
  const { groups } = parse(text('prometheus/alerts.yml')) as { groups: { rules: AlertRule[] }[] };
  return groups.flatMap(({ rules }) => rules);
}

/** Where a Prometheus that follows the example scrapes. */
export function readScrapePaths(): readonly string[] {
  const { scrape_configs } = parse(text('prometheus/scrape.yml')) as {
    scrape_configs: { metrics_path?: string }[];
  };
  return scrape_configs.map(({ metrics_path }) => metrics_path ?? '/metrics');
}

/** Every expression that the files hold, and where. */
export function readExpressions(): readonly { readonly where: string; readonly expression: string }[] {
  const panels = readDashboard().panels.flatMap(({ title, targets = [] }) =>
    targets.map(({ expr }) => ({ where: `panel ${title}`, expression: expr })),
  );
  return [...panels, ...readAlerts().map(({ alert, expr }) => ({ where: alert, expression: expr }))];
}
