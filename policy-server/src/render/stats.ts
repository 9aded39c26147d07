/** Prefix of the plugins' counter of refusals; the reason follows. Envoy puts `wasmcustom.` before it. */
const REFUSALS = 'hiclaw_refusals_total.reason.';

/** Upper bounds of the buckets of all histograms in milliseconds: from a gateway's own work to a long completion. */
const BUCKETS_MS = [1, 5, 25, 100, 250, 500, 1_000, 2_500, 5_000, 10_000, 30_000, 60_000, 300_000, 600_000];

/** `stats_config` of the bootstrap, as plain JSON: which parts of statistics' names become labels. */
export const STATS_CONFIG = {
  stats_tags: [
    { tag_name: 'reason', regex: `^wasmcustom\\.${REFUSALS.split('.')[0] ?? ''}(\\.reason\\.(.+))$` },
  ],
  histogram_bucket_settings: [{ match: { safe_regex: { regex: '.*' } }, buckets: BUCKETS_MS }],
};
