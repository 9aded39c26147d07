import { Client } from 'undici';

/** Envoy's admin interface, over its Unix socket. */
export interface EnvoyAdmin extends AsyncDisposable {
  /** Whether the server is live and its listeners are up. */
  ready(): Promise<boolean>;
  /** Counters and gauges whose name matches, by name. */
  stats(filter?: RegExp): Promise<ReadonlyMap<string, number>>;
  /** Everything Envoy was configured with, as it tells. */
  configDump(): Promise<string>;
  /** What tcmalloc says, bytes. */
  memory(): Promise<EnvoyMemory>;
  /** Any other page, as text. */
  page(path: string, method?: 'GET' | 'POST'): Promise<string>;
  close(): Promise<void>;
}

/** Bytes. `allocated` is in use; `heap` is what was taken from the system. */
export interface EnvoyMemory {
  readonly allocated: number;
  readonly heap: number;
  readonly pageheapFree: number;
  readonly physical: number;
}

export function envoyAdmin(socketPath: string): EnvoyAdmin {
  const client = new Client('http://admin', { socketPath, pipelining: 1 });
  const page = async (path: string, method: 'GET' | 'POST' = 'GET'): Promise<string> => {
    const { statusCode, body } = await client.request({ path, method });
    const text = await body.text();
    if (statusCode !== 200) throw new Error(`Envoy admin ${path}: ${statusCode} ${text}`);
    return text;
  };
  const close = (): Promise<void> => client.destroy();
  return {
    ready: () =>
      page('/ready').then(
        (text) => text.startsWith('LIVE'),
        () => false,
      ),
    stats: async (filter) => {
      const path = filter === undefined ? '/stats' : `/stats?filter=${encodeURIComponent(filter.source)}`;
      const stats = new Map<string, number>();
      for (const line of (await page(path)).split('\n')) {
        const at = line.lastIndexOf(': ');
        const value = Number(line.slice(at + 2));
        if (at > 0 && Number.isFinite(value)) stats.set(line.slice(0, at), value);
      }
      return stats;
    },
    configDump: () => page('/config_dump?include_eds'),
    memory: async () => {
      const memory = JSON.parse(await page('/memory')) as Record<string, string>;
      return {
        allocated: Number(memory['allocated']),
        heap: Number(memory['heap_size']),
        pageheapFree: Number(memory['pageheap_free']),
        physical: Number(memory['total_physical_bytes']),
      };
    },
    page,
    close,
    [Symbol.asyncDispose]: close,
  };
}
