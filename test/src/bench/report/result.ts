import type { Figure } from '../statistics.js';

/** What one part of the benchmark found. Becomes JSON and tables. */
export interface PartResult {
  readonly title: string;
  /** How it was measured, one sentence each. */
  readonly method: readonly string[];
  readonly tables: readonly Table[];
  readonly targets: readonly Target[];
}

export interface Table {
  readonly columns: readonly Column[];
  readonly rows: readonly TableRow[];
}

export interface Column {
  readonly key: string;
  /** With its unit. */
  readonly title: string;
  readonly digits: number;
}

export interface TableRow {
  readonly label: string;
  /** By column key; absent: not measured for this row. */
  readonly cells: Readonly<Record<string, Figure>>;
}

/** A target of the design and what was measured. */
export interface Target {
  readonly what: string;
  readonly target: string;
  readonly measured: string;
  readonly met: boolean;
}

export interface Machine {
  readonly cpu: string;
  readonly cores: number;
  readonly memoryGib: number;
  readonly kernel: string;
  readonly node: string;
  readonly envoy: string;
  /** Of the sources, with `-dirty` when they had been changed; empty outside a clone. */
  readonly commit: string;
}

export interface BenchResult {
  readonly machine: Machine;
  /** ISO 8601. */
  readonly startedAt: string;
  readonly seconds: number;
  /** Short rounds, for trying out: not for publishing. */
  readonly quick: boolean;
  readonly parts: Readonly<Record<string, PartResult & { readonly seconds: number }>>;
}

/** A target that a figure must not exceed. */
export function atMost(what: string, limit: number, of: Figure, show: (value: number) => string): Target {
  return { what, target: `≤ ${show(limit)}`, measured: measured(of, show), met: of.median <= limit };
}

/** A target that a figure must reach. */
export function atLeast(what: string, limit: number, of: Figure, show: (value: number) => string): Target {
  return { what, target: `≥ ${show(limit)}`, measured: measured(of, show), met: of.median >= limit };
}

function measured(of: Figure, show: (value: number) => string): string {
  return of.rounds === 1
    ? show(of.median)
    : `${show(of.median)} (${show(of.min)} – ${show(of.max)}, ${of.rounds} rounds)`;
}

export const percent = (value: number): string => `${(value * 100).toFixed(1)} %`;
export const times = (value: number): string => `${value.toFixed(2)}x`;
export const milliseconds = (value: number): string => `${value.toFixed(value < 10 ? 2 : 1)} ms`;
export const microseconds = (value: number): string => `${(value * 1e6).toFixed(1)} µs`;
export const mebibytes = (value: number): string => `${value.toFixed(0)} MiB`;
