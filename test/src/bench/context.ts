import type { PartResult } from './report/result.js';

/** What every part of the benchmark gets. */
export interface BenchContext {
  /** Path of the Envoy binary, the same for everything. */
  readonly binary: string;
  /** A temporary folder of this part. */
  readonly folder: string;
  /** Short rounds, for trying out. */
  readonly quick: boolean;
  /** One line of progress. */
  readonly progress: (line: string) => void;
}

export type Part = (context: BenchContext) => Promise<PartResult>;
