import { Counter, type Registry } from 'prom-client';
import type { LimitCounters } from '../limits/limits.js';
import { registerTotal } from './read-metrics.js';

/** Metrics of the leases that gateways get on what consumers may spend. Counters begin at zero with the process. */
export function registerLimitMetrics(registry: Registry, counters: Readonly<LimitCounters>): void {
  const total = (name: string, help: string, read: () => number): void =>
    registerTotal(registry, name, help, read);
  new Counter({
    name: 'hiclaw_lease_claims_total',
    help: 'Claims of gateways: granted whole, or refused because a limit is reached.',
    labelNames: ['result'],
    registers: [registry],
    collect() {
      this.reset();
      this.inc({ result: 'granted' }, counters.granted);
      this.inc({ result: 'refused' }, counters.refused);
    },
  });
  total(
    'hiclaw_lease_recalls_total',
    'Times that a gateway was asked to give back what it does not use.',
    () => counters.recalls,
  );
  total('hiclaw_lease_answers_total', 'Answers to claims.', () => counters.answers);
  total(
    'hiclaw_lease_answer_seconds_total',
    'Seconds from claims to their answers, added up.',
    () => counters.answerSeconds,
  );
}
