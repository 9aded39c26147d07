import { Counter, type Registry } from 'prom-client';
import type { UsageMetrics, UsageMetricsSource } from '../usage/usage-metrics.js';
import { registerGauge, registerTotal } from './read-metrics.js';

const PICO_USD_PER_USD = 1e12;
const ROUTE_LABELS = ['route', 'provider'];

/** Kinds of tokens as a label says them. Cached and cache-write tokens are input too, reasoning is output too. */
const TOKEN_KINDS = [
  ['input', 'input'],
  ['cached_input', 'cachedInput'],
  ['cache_write', 'cacheWrite'],
  ['output', 'output'],
  ['reasoning', 'reasoning'],
] as const;

const OUTCOMES = ['completed', 'aborted', 'failed', 'cut'] as const;

/** Metrics of usage. Counters begin at zero with the process; routes and providers are names of resources. */
export function registerUsageMetrics(registry: Registry, source: UsageMetricsSource): void {
  const registers = [registry];
  const total = (name: string, help: string, read: (metrics: UsageMetrics) => number): void =>
    registerTotal(registry, name, help, () => read(source.metrics()));
  total('hiclaw_usage_records_total', 'Usage records that were stored.', ({ records }) => records);
  total(
    'hiclaw_usage_duplicates_total',
    'Usage records that came again and were not counted again.',
    ({ duplicates }) => duplicates,
  );
  total(
    'hiclaw_usage_malformed_lines_total',
    'Lines of usage journals that hold no record.',
    ({ malformed }) => malformed,
  );
  registerGauge(
    registry,
    'hiclaw_usage_journal_lag_seconds',
    'For how long there have been usage records that are not stored; 0: all are.',
    () => source.metrics().lagSeconds,
  );
  new Counter({
    name: 'hiclaw_llm_calls_total',
    help: 'Forwarded LLM calls, by how they ended.',
    labelNames: [...ROUTE_LABELS, 'outcome'],
    registers,
    collect() {
      this.reset();
      for (const { route, provider, sums } of source.metrics().sums) {
        for (const outcome of OUTCOMES) this.inc({ route, provider, outcome }, sums[outcome]);
      }
    },
  });
  new Counter({
    name: 'hiclaw_llm_tokens_total',
    help: 'Tokens of LLM calls; input includes cached_input and cache_write, output includes reasoning.',
    labelNames: [...ROUTE_LABELS, 'kind'],
    registers,
    collect() {
      this.reset();
      for (const { route, provider, sums } of source.metrics().sums) {
        for (const [kind, field] of TOKEN_KINDS) this.inc({ route, provider, kind }, sums[field]);
      }
    },
  });
  const byRoute = (
    name: string,
    help: string,
    read: (sums: UsageMetrics['sums'][number]['sums']) => number,
  ): void => {
    new Counter({
      name,
      help,
      labelNames: ROUTE_LABELS,
      registers,
      collect() {
        this.reset();
        for (const { route, provider, sums } of source.metrics().sums) {
          this.inc({ route, provider }, read(sums));
        }
      },
    });
  };
  byRoute(
    'hiclaw_llm_cost_usd_total',
    'Cost of LLM calls whose price is known, US dollars.',
    ({ cost }) => Number(cost) / PICO_USD_PER_USD,
  );
  byRoute(
    'hiclaw_llm_unpriced_calls_total',
    'LLM calls whose price is not known.',
    ({ unpriced }) => unpriced,
  );
  byRoute(
    'hiclaw_llm_estimated_calls_total',
    'LLM calls of which a number of tokens is estimated.',
    ({ estimated }) => estimated,
  );
}
