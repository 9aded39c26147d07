import { MetricType, Status } from './abi.js';

type MetricKind = 'counter' | 'gauge' | 'histogram';
const KINDS: readonly MetricKind[] = ['counter', 'gauge', 'histogram'];
const TYPE_MASK = 3;
const ID_STEP = 4;

interface Metric {
  readonly kind: MetricKind;
  value: bigint;
  readonly samples: bigint[];
}

/** Metrics of a process. Ids belong to a VM, values to the name: two VMs that define one name share it. */
export class Metrics {
  readonly #metrics = new Map<string, Metric>();

  /** Value of a counter or gauge; undefined when nothing defined it. */
  value(name: string): bigint | undefined {
    return (this.#metrics.get(`counter:${name}`) ?? this.#metrics.get(`gauge:${name}`))?.value;
  }

  /** Recorded values of a histogram, oldest first. */
  samples(name: string): readonly bigint[] {
    return this.#metrics.get(`histogram:${name}`)?.samples ?? [];
  }

  /** All counters and gauges by name. */
  all(): Record<string, bigint> {
    const scalars = [...this.#metrics].filter(([, metric]) => metric.kind !== 'histogram');
    return Object.fromEntries(
      scalars.map(([key, metric]) => [key.slice(key.indexOf(':') + 1), metric.value]),
    );
  }

  define(kind: MetricKind, name: string): Metric {
    const key = `${kind}:${name}`;
    let metric = this.#metrics.get(key);
    if (metric === undefined) this.#metrics.set(key, (metric = { kind, value: 0n, samples: [] }));
    return metric;
  }
}

/** One VM's handles on the metrics: ids carry the type in their low bits, as Envoy's do. */
export class MetricHandles {
  readonly #metrics: Metrics;
  readonly #handles = new Map<number, Metric>();
  readonly #next: number[] = [MetricType.Counter, MetricType.Gauge, MetricType.Histogram];

  constructor(metrics: Metrics) {
    this.#metrics = metrics;
  }

  define(type: number, name: string): number | null {
    const kind = KINDS[type];
    const previous = this.#next[type];
    if (kind === undefined || previous === undefined) return null;
    const id = previous + ID_STEP;
    this.#next[type] = id;
    this.#handles.set(id, this.#metrics.define(kind, name));
    return id;
  }

  increment(id: number, offset: bigint): Status {
    const type = id & TYPE_MASK;
    if (type !== MetricType.Counter && type !== MetricType.Gauge) return Status.BadArgument;
    const metric = this.#handles.get(id);
    if (metric === undefined) return Status.NotFound;
    if (type === MetricType.Counter && offset <= 0n) return Status.BadArgument;
    metric.value = BigInt.asUintN(64, metric.value + offset);
    return Status.Ok;
  }

  record(id: number, value: bigint): Status {
    const metric = this.#handles.get(id);
    if (metric === undefined) return Status.NotFound;
    const unsigned = BigInt.asUintN(64, value);
    if (metric.kind === 'histogram') metric.samples.push(unsigned);
    else metric.value = metric.kind === 'counter' ? BigInt.asUintN(64, metric.value + unsigned) : unsigned;
    return Status.Ok;
  }

  get(id: number): bigint | Status {
    const type = id & TYPE_MASK;
    if (type !== MetricType.Counter && type !== MetricType.Gauge) return Status.BadArgument;
    return this.#handles.get(id)?.value ?? Status.NotFound;
  }
}
