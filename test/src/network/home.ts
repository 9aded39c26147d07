import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

/** A temporary HICLAW_HOME (mode 0700) and the files in it that tests look at. */
export interface Home extends AsyncDisposable {
  readonly folder: string;
  readonly adminTokenFile: string;
  readonly gatewayKeyFile: string;
  readonly database: string;
  readonly sockets: { readonly ads: string; readonly gateway: string };
  /** Files of replica `index`. */
  gateway(index: number): GatewayFiles;
  remove(): Promise<void>;
}

/** Files of one replica. */
interface GatewayFiles {
  readonly admin: string;
  readonly bootstrap: string;
  readonly accessLog: string;
  readonly usageJournal: string;
}

export async function createHome(): Promise<Home> {
  return homeIn(await mkdtemp(join(tmpdir(), 'hiclaw-')));
}

function homeIn(folder: string): Home {
  const run = join(folder, 'run');
  const remove = (): Promise<void> => rm(folder, { recursive: true, force: true });
  return {
    folder,
    adminTokenFile: join(folder, 'admin-token'),
    gatewayKeyFile: join(folder, 'keys', 'gateway.key'),
    database: join(folder, 'policy.db'),
    sockets: { ads: join(run, 'ads.sock'), gateway: join(run, 'gateway.sock') },
    gateway: (index) => ({
      admin: join(run, `envoy-${index}-admin.sock`),
      bootstrap: join(run, `envoy-${index}.json`),
      accessLog: join(folder, 'logs', `access-${index}.log`),
      usageJournal: join(folder, 'usage', `gateway-${index}.jsonl`),
    }),
    remove,
    [Symbol.asyncDispose]: remove,
  };
}

/** A file's text without the line end. */
export async function readLine(path: string): Promise<string> {
  return (await readFile(path, 'utf8')).trim();
}
