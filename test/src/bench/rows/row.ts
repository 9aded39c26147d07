import type { StockEnvoy } from './stock-envoy.js';

/** One way to put a gateway in front of the upstream. */
export interface Row extends AsyncDisposable {
  readonly name: string;
  readonly port: number;
  /** Every process whose CPU time the gateway costs; others after a restart. */
  readonly pids: readonly number[];
  /** Starts its Envoy anew: how memory happens to be laid out makes processes of one program differ by up to a tenth. */
  restart(): Promise<void>;
}

export function stockRow(stock: StockEnvoy, name: string, helpers: readonly Helper[] = []): Row {
  return {
    name,
    port: stock.port,
    get pids() {
      return [stock.envoy.process.pid, ...helpers.map((helper) => helper.pid)];
    },
    restart: () => stock.restart(),
    [Symbol.asyncDispose]: async () => {
      await stock[Symbol.asyncDispose]();
      for (const helper of helpers) await helper[Symbol.asyncDispose]();
    },
  };
}

/** The same gateway under another name, for requests of another kind. Whoever started the row ends it. */
export function namedRow(name: string, row: Row): Row {
  return {
    name,
    port: row.port,
    get pids() {
      return row.pids;
    },
    restart: () => row.restart(),
    [Symbol.asyncDispose]: () => Promise.resolve(),
  };
}

/** A process beside Envoy that decides for it. */
export interface Helper extends AsyncDisposable {
  readonly pid: number;
  readonly port: number;
}
