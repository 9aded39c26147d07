import type { HttpStream, StreamOptions } from './http-stream.js';
import type { PluginContext } from './plugin-context.js';

export interface BenchmarkOptions {
  /** Requests before the first sample, so that both compilers have settled. Default: 2000. */
  readonly warmupRequests?: number;
  /** Number of samples; the median is reported. Default: 15. */
  readonly samples?: number;
  /** Requests in one sample. Default: 1000. */
  readonly requestsPerSample?: number;
  /** Options of each stream. */
  readonly stream?: StreamOptions;
}

export interface BenchmarkResult {
  /** Median over the samples, nanoseconds of wall clock for one request, this host's own work included. */
  readonly nsPerRequest: number;
  /** Fastest and slowest sample, nanoseconds for one request. */
  readonly rangeNs: readonly [number, number];
  readonly hostcallsPerRequest: number;
  /** Bytes by which linear memory grew while measuring: 0 for a plugin that does not leak. */
  readonly memoryGrowthBytes: number;
}

/**
 * Time of one request through a plugin: creation of the stream, what `drive` does with it, and its end. Compare plugins
 * with each other; in Envoy a hostcall costs less than here.
 */
export function benchmark(
  plugin: PluginContext,
  drive: (stream: HttpStream) => void,
  options: BenchmarkOptions = {},
): BenchmarkResult {
  const {
    warmupRequests = 2000,
    samples = 15,
    requestsPerSample = 1000,
    stream: streamOptions = {},
  } = options;
  const one = (): number => {
    const stream = plugin.createStream(streamOptions);
    drive(stream);
    stream.end();
    return stream.stats.total;
  };
  for (let i = 0; i < warmupRequests; i++) one();
  const memoryBefore = plugin.vm.memorySize;
  let hostcalls = 0;
  const times = Array.from({ length: samples }, () => {
    const start = process.hrtime.bigint();
    for (let i = 0; i < requestsPerSample; i++) hostcalls += one();
    return Number(process.hrtime.bigint() - start) / requestsPerSample;
  }).sort((a, b) => a - b);
  return {
    nsPerRequest: times[times.length >> 1] ?? NaN,
    rangeNs: [times[0] ?? NaN, times[times.length - 1] ?? NaN],
    hostcallsPerRequest: hostcalls / (samples * requestsPerSample),
    memoryGrowthBytes: plugin.vm.memorySize - memoryBefore,
  };
}
