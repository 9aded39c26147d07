// Refusals by reason, as a metric. Envoy never forgets a metric and sums it over its threads; a VM must define one only
// once, because the host keeps what belongs to an id for as long as the VM lives.

import { proxy_define_metric, proxy_increment_metric } from '../../sdk/assembly/abi';
import { MetricType, Status } from '../../sdk/assembly/types';
import { outputLength, outputPointer, outputStart, putAscii } from './output';
import { ascii } from './ascii';

/** The policy server tells Envoy that what follows `.reason.` is a label. */
const NAME = ascii('hiclaw_refusals_total.reason.');

const ENTRY: u32 = 8;
/** More than there are reasons. */
const MAX_ENTRIES: u32 = 64;
const entries: usize = memory.data(512, 8);
let count: u32 = 0;

/** Id of the metric of this reason; 0: none, as no id of Envoy is. */
function metricOf(reason: usize): u32 {
  for (let i: u32 = 0; i < count; i++) {
    if (load<usize>(entries + i * ENTRY) == reason) return load<u32>(entries + i * ENTRY + 4);
  }
  if (count == MAX_ENTRIES) return 0;
  const entry = entries + count * ENTRY;
  outputStart();
  putAscii(NAME);
  putAscii(reason);
  if (proxy_define_metric(MetricType.Counter, outputPointer(), outputLength(), entry + 4) != Status.Ok)
    return 0;
  store<usize>(entry, reason);
  count++;
  return load<u32>(entry + 4);
}

/**
 * Counts a refusal; `reason` is a constant that `ascii` made. Uses the output. A host that does not count changes nothing
 * about the refusal.
 */
export function countRefusal(reason: usize): void {
  const metric = metricOf(reason);
  if (metric != 0) proxy_increment_metric(metric, 1);
}
