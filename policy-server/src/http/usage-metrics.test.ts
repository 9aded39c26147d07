import { Registry } from 'prom-client';
import { expect, it } from 'vitest';
import { noSums } from '../usage/sums.js';
import type { UsageMetrics } from '../usage/usage-metrics.js';
import { registerUsageMetrics } from './usage-metrics.js';

it('usage is shown in counters by route and provider that never fall', async () => {
  const registry = new Registry();
  const metrics: UsageMetrics = {
    records: 5,
    duplicates: 1,
    malformed: 2,
    lagSeconds: 0.5,
    sums: [
      {
        route: 'chat',
        provider: 'openai',
        sums: {
          ...noSums(),
          requests: 4,
          completed: 3,
          aborted: 1,
          cachedInput: 16,
          estimated: 1,
          cost: 1_500_346_000_000n,
        },
      },
      {
        route: 'chat',
        provider: 'other',
        sums: { ...noSums(), requests: 1, completed: 1, output: 5, unpriced: 1 },
      },
    ],
  };
  let now = metrics;
  registerUsageMetrics(registry, { metrics: () => now });
  const lines = async (): Promise<readonly string[]> => (await registry.metrics()).split('\n');
  const expected = [
    'hiclaw_usage_records_total 5',
    'hiclaw_usage_duplicates_total 1',
    'hiclaw_usage_malformed_lines_total 2',
    'hiclaw_usage_journal_lag_seconds 0.5',
    'hiclaw_llm_calls_total{route="chat",provider="openai",outcome="completed"} 3',
    'hiclaw_llm_calls_total{route="chat",provider="openai",outcome="aborted"} 1',
    'hiclaw_llm_calls_total{route="chat",provider="other",outcome="cut"} 0',
    'hiclaw_llm_tokens_total{route="chat",provider="openai",kind="cached_input"} 16',
    'hiclaw_llm_tokens_total{route="chat",provider="other",kind="output"} 5',
    'hiclaw_llm_unpriced_calls_total{route="chat",provider="other"} 1',
    'hiclaw_llm_estimated_calls_total{route="chat",provider="openai"} 1',
    'hiclaw_llm_cost_usd_total{route="chat",provider="openai"} 1.500346',
  ];
  expect(await lines()).toEqual(expect.arrayContaining(expected));
  // Asked again they are the same: nothing is counted by asking.
  expect(await lines()).toEqual(expect.arrayContaining(expected));
  now = { ...metrics, records: 6 };
  expect(await lines()).toContain('hiclaw_usage_records_total 6');
});
