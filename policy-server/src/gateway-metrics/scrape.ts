import { request } from 'node:http';
import { STATISTICS_FILTER } from './families.js';
import { mergePages, type ReplicaPage } from './exposition.js';

const TIMEOUT_MS = 5_000;
const MAX_PAGE_BYTES = 33_554_432;
const PAGE = `/stats/prometheus?usedonly&filter=${encodeURIComponent(STATISTICS_FILTER)}`;

/** A connected gateway and the Unix socket of its admin interface; null: it does not say. */
export interface ScrapedReplica {
  readonly id: string;
  readonly adminSocket: string | null;
}

/** Metrics of all connected gateways, as one page. A gateway that does not answer in time is shown as such. */
export async function scrapeGateways(replicas: readonly ScrapedReplica[]): Promise<string> {
  const pages = replicas.map(async ({ id, adminSocket }): Promise<ReplicaPage> => {
    const text = adminSocket === null ? null : await readPage(adminSocket).catch(() => null);
    return { replica: id, text };
  });
  return mergePages(await Promise.all(pages));
}

function readPage(socketPath: string): Promise<string> {
  return new Promise((resolve, reject) => {
    const call = request(
      {
        socketPath,
        path: PAGE,
        headers: { host: 'admin' },
        agent: false,
        signal: AbortSignal.timeout(TIMEOUT_MS),
      },
      (response) => {
        const chunks: Buffer[] = [];
        let size = 0;
        response.on('data', (chunk: Buffer) => {
          size += chunk.length;
          if (size > MAX_PAGE_BYTES) call.destroy(new Error('the page is too large'));
          chunks.push(chunk);
        });
        response.once('error', reject);
        response.once('end', () => {
          if (response.statusCode === 200) resolve(Buffer.concat(chunks).toString('utf8'));
          else reject(new Error(`the admin interface answered ${response.statusCode ?? 0}`));
        });
      },
    );
    call.once('error', reject);
    call.end();
  });
}
