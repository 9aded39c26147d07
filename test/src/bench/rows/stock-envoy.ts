import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { type Envoy, startEnvoy } from '../../network/envoy-process.js';
import { freePort } from '../../network/free-ports.js';
import { type EnvoyConfig, envoyConfig } from './envoy-config.js';

export interface StockEnvoy extends AsyncDisposable {
  /** The one that runs now; a restart replaces it. */
  readonly envoy: Envoy;
  readonly port: number;
  restart(): Promise<void>;
}

export interface StockEnvoyOptions {
  readonly name: string;
  readonly binary: string;
  /** For its bootstrap and its admin socket. */
  readonly folder: string;
  readonly core: number;
  readonly config: Pick<EnvoyConfig, 'filters' | 'routes' | 'connectionManager' | 'clusters' | 'secrets'>;
}

/** Envoy with nothing of ours in it, with one worker thread on one core. */
export async function startStockEnvoy(options: StockEnvoyOptions): Promise<StockEnvoy> {
  const port = await freePort();
  const adminSocket = join(options.folder, `${options.name}.sock`);
  const bootstrap = join(options.folder, `${options.name}.json`);
  await writeFile(
    bootstrap,
    JSON.stringify(envoyConfig({ ...options.config, adminSocket, listenPort: port })),
  );
  const start = (): Promise<Envoy> =>
    startEnvoy({
      name: options.name,
      binary: options.binary,
      bootstrap,
      adminSocket,
      concurrency: 1,
      core: options.core,
    });
  let envoy = await start();
  return {
    get envoy() {
      return envoy;
    },
    port,
    restart: async () => {
      await envoy.stop('SIGKILL');
      envoy = await start();
    },
    [Symbol.asyncDispose]: () => envoy[Symbol.asyncDispose](),
  };
}
