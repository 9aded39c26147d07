import {
  Counter as SharedCounter,
  Gauge as SharedGauge,
  Histogram as SharedHistogram,
} from '../hostcalls/metric';
import { WasmResultValues } from './values';

/** A counter; the constructor traps when it cannot be defined. */
export class Counter {
  private metric: SharedCounter;
  constructor(name: string) {
    this.metric = SharedCounter.define(name).value;
  }
  increment(offset: u32): WasmResultValues {
    return <WasmResultValues>this.metric.add(offset).status;
  }
  get(): u64 {
    return this.metric.get().value;
  }
}

/** A gauge; the constructor traps when it cannot be defined. */
export class Gauge {
  private metric: SharedGauge;
  constructor(name: string) {
    this.metric = SharedGauge.define(name).value;
  }
  increment(offset: i64): WasmResultValues {
    return <WasmResultValues>this.metric.add(offset).status;
  }
  record(value: u64): WasmResultValues {
    return <WasmResultValues>this.metric.set(value).status;
  }
  get(): u64 {
    return this.metric.get().value;
  }
}

/** A histogram; the constructor traps when it cannot be defined. */
export class Histogram {
  private metric: SharedHistogram;
  constructor(name: string) {
    this.metric = SharedHistogram.define(name).value;
  }
  record(value: u64): WasmResultValues {
    return <WasmResultValues>this.metric.record(value).status;
  }
}
