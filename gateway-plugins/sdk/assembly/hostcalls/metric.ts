import { proxy_define_metric, proxy_get_metric, proxy_increment_metric, proxy_record_metric } from '../abi';
import { clearOut, OUT_FIRST, outFirst, outLong } from '../out';
import { failure, outcome, Outcome, Result, success } from '../result';
import { encodeText, lastLength } from '../text';
import { MetricType, Status } from '../types';

function define(type: MetricType, name: string): Result<u32> {
  const pointer = encodeText(name);
  clearOut();
  const status = proxy_define_metric(type, pointer, lastLength(), OUT_FIRST);
  if (status != Status.Ok) return failure<u32>(status, 'proxy_define_metric');
  return success<u32>(outFirst(), 'proxy_define_metric');
}

function read(id: u32): Result<u64> {
  clearOut();
  const status = proxy_get_metric(id, OUT_FIRST);
  if (status != Status.Ok) return failure<u64>(status, 'proxy_get_metric');
  return success<u64>(outLong(), 'proxy_get_metric');
}

/** A number that only grows. Envoy sums it over all workers and shows it as `wasmcustom.<name>`. */
export class Counter {
  constructor(public id: u32) {}

  /** Defines the counter, or finds it again. Define once for each plugin context, not for each stream. */
  static define(name: string): Result<Counter> {
    const id = define(MetricType.Counter, name);
    if (!id.ok) return failure<Counter>(id.status, 'proxy_define_metric');
    return success<Counter>(new Counter(id.value), 'proxy_define_metric');
  }

  /** Adds `amount`, more than 0. */
  add(amount: i64 = 1): Outcome {
    return outcome(proxy_increment_metric(this.id, amount), 'proxy_increment_metric');
  }

  /** The sum over all workers. */
  get(): Result<u64> {
    return read(this.id);
  }
}

/** A number that goes up and down. */
export class Gauge {
  constructor(public id: u32) {}

  /** Defines the gauge, or finds it again. */
  static define(name: string): Result<Gauge> {
    const id = define(MetricType.Gauge, name);
    if (!id.ok) return failure<Gauge>(id.status, 'proxy_define_metric');
    return success<Gauge>(new Gauge(id.value), 'proxy_define_metric');
  }

  /** Sets the value, for all workers. */
  set(value: u64): Outcome {
    return outcome(proxy_record_metric(this.id, value), 'proxy_record_metric');
  }

  /** Changes the value by `amount`. */
  add(amount: i64): Outcome {
    return outcome(proxy_increment_metric(this.id, amount), 'proxy_increment_metric');
  }

  /** The current value. */
  get(): Result<u64> {
    return read(this.id);
  }
}

/** A distribution. It cannot be read back: Envoy answers `BadArgument`. */
export class Histogram {
  constructor(public id: u32) {}

  /** Defines the histogram, or finds it again. */
  static define(name: string): Result<Histogram> {
    const id = define(MetricType.Histogram, name);
    if (!id.ok) return failure<Histogram>(id.status, 'proxy_define_metric');
    return success<Histogram>(new Histogram(id.value), 'proxy_define_metric');
  }

  /** Adds one sample. */
  record(sample: u64): Outcome {
    return outcome(proxy_record_metric(this.id, sample), 'proxy_record_metric');
  }
}
