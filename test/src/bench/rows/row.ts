import type { StockEnvoy } from './stock-envoy.js';

/** One way to put a gateway in front of the upstream. */
export interface Row extends AsyncDisposable {
  readonly name: string;
  readonly port: number;
  /** Every process whose CPU time the gateway costs. */
  readonly pids: readonly number[];
}

export function stockRow(stock: StockEnvoy, name: string, helpers: readonly Helper[] = []): Row {
  return {
    name,
    port: stock.port,
    pids: [stock.envoy.process.pid, ...helpers.map((helper) => helper.pid)],
    [Symbol.asyncDispose]: async () => {
      await stock[Symbol.asyncDispose]();
      for (const helper of helpers) await helper[Symbol.asyncDispose]();
    },
  };
}

/** A process beside Envoy that decides for it. */
export interface Helper extends AsyncDisposable {
  readonly pid: number;
  readonly port: number;
}
