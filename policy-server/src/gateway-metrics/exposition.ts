import { setImmediate as nextTurn } from 'node:timers/promises';
import { FAMILIES, type Family } from './families.js';

/** Series that are taken of one replica; more are left out. */
export const MAX_SERIES = 50_000;

/** A few milliseconds' work: then others, such as a revocation, have their turn. */
const LINES_PER_TURN = 1_000;

const SAMPLE = /^([a-zA-Z_:][\w:]*)(?:\{(.*)\})? (-?[\d.eE+-]+|NaN|[+-]?Inf)$/;
const LABEL = /([a-zA-Z_]\w*)="((?:[^"\\]|\\.)*)"(?:,|$)/y;
const SUFFIX = /_(?:bucket|sum|count)$/;

const byName = new Map(FAMILIES.map((family) => [family.name, family]));

/** Labels as written: values keep their escapes. Null: not well-formed. */
function readLabels(text: string): readonly (readonly [name: string, value: string])[] | null {
  const labels: (readonly [string, string])[] = [];
  LABEL.lastIndex = 0;
  while (LABEL.lastIndex < text.length) {
    const [, name, value] = LABEL.exec(text) ?? [];
    if (name === undefined || value === undefined) return null;
    labels.push([name, value]);
  }
  return labels;
}

function familyOf(sample: string): Family | null {
  const direct = byName.get(sample);
  if (direct !== undefined) return direct.type === 'histogram' ? null : direct;
  const base = byName.get(sample.replace(SUFFIX, ''));
  return base?.type === 'histogram' ? base : null;
}

/** The gateway's own listener, not the admin interface and the plugins' calls. */
const OWN_PREFIX = 'gateway';

/** A line for the replica, or null for one that is not passed on. */
function translate(line: string, replica: string): readonly [Family, string] | null {
  const [, name = '', labelText = '', value = ''] = SAMPLE.exec(line) ?? [];
  const family = familyOf(name);
  const labels = family === null ? null : readLabels(labelText);
  if (family === null || labels === null) return null;
  const prefix = labels.find(([label]) => label === 'envoy_http_conn_manager_prefix');
  if (prefix !== undefined && prefix[1] !== OWN_PREFIX) return null;
  const kept = labels.filter(([label]) => label === 'le' || family.labels.includes(label));
  const shown = [['replica', replica] as const, ...kept].map(([label, text]) => `${label}="${text}"`);
  return [family, `${name}{${shown.join(',')}} ${value}`];
}

/** What a replica's page says, or null: it could not be read. */
export interface ReplicaPage {
  /** Letters, digits, `.`, `_`, `:`, `-`. */
  readonly replica: string;
  readonly text: string | null;
}

/**
 * One page of all replicas' pages in Prometheus's text format: known families and labels only, each series with its
 * `replica`, and which replicas could be read.
 *
 * Spec: https://prometheus.io/docs/instrumenting/exposition_formats/#text-based-format
 */
export async function mergePages(pages: readonly ReplicaPage[]): Promise<string> {
  const lines = new Map<Family, string[]>();
  let read = 0;
  for (const { replica, text } of pages) {
    let series = 0;
    for (const line of (text ?? '').split('\n')) {
      if (++read % LINES_PER_TURN === 0) await nextTurn();
      const translated = line.startsWith('#') ? null : translate(line, replica);
      if (translated === null || ++series > MAX_SERIES) continue;
      const [family, sample] = translated;
      const of = lines.get(family);
      if (of === undefined) lines.set(family, [sample]);
      else of.push(sample);
    }
  }
  const up = pages.map(
    ({ replica, text }) => `hiclaw_gateway_scrape_up{replica="${replica}"} ${text === null ? 0 : 1}`,
  );
  const blocks = FAMILIES.flatMap((family) => {
    const of = lines.get(family);
    return of === undefined ? [] : [block(family.name, family.help, family.type, of)];
  });
  return [block('hiclaw_gateway_scrape_up', SCRAPE_UP_HELP, 'gauge', up), ...blocks].join('');
}

/** Of the metric that says which replicas could be read. */
export const SCRAPE_UP_HELP = "Whether a connected replica's metrics could be read.";

function block(name: string, help: string, type: string, samples: readonly string[]): string {
  return [`# HELP ${name} ${help}`, `# TYPE ${name} ${type}`, ...samples, ''].join('\n');
}
