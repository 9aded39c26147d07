import { request } from 'node:http';

const REOPEN_TIMEOUT_MS = 2000;

/**
 * Has an Envoy open its access logs anew, by their paths.
 *
 * @param adminSocket path of the Unix socket of its admin interface
 * @see https://www.envoyproxy.io/docs/envoy/v1.40.0/operations/admin#post--reopen_logs
 * @throws Error when it does not say that it will
 */
export function reopenLogs(adminSocket: string): Promise<void> {
  return new Promise((resolve, reject) => {
    const asked = request(
      {
        socketPath: adminSocket,
        method: 'POST',
        path: '/reopen_logs',
        timeout: REOPEN_TIMEOUT_MS,
        agent: false,
      },
      (response) => {
        response.resume();
        response.once('error', reject);
        response.once('end', () => {
          if (response.statusCode === 200) resolve();
          else reject(new Error(`the gateway answered ${String(response.statusCode)}`));
        });
      },
    );
    asked.once('timeout', () => asked.destroy(new Error('the gateway did not answer in time')));
    asked.once('error', reject);
    asked.end();
  });
}

const CURRENT = /^([A-Za-z0-9._:-]{1,128})\.jsonl$/;
const ROTATED = /^([A-Za-z0-9._:-]{1,128})\.jsonl\.(\d{1,15})$/;

/** A file in the folder of journals. */
export interface JournalName {
  readonly name: string;
  /** Node id of the gateway that writes it. */
  readonly node: string;
  /** Files with a lower number are older; null: the one it writes by its path. */
  readonly rotation: number | null;
}

/** What a file of this name is; null: no journal. */
export function parseJournalName(name: string): JournalName | null {
  const current = CURRENT.exec(name);
  if (current !== null) return { name, node: current[1] ?? '', rotation: null };
  const rotated = ROTATED.exec(name);
  if (rotated === null) return null;
  return { name, node: rotated[1] ?? '', rotation: Number(rotated[2]) };
}

/** Name of a gateway's journal. @param rotation null: of the one that it writes */
export function journalName(node: string, rotation: number | null): string {
  return rotation === null ? `${node}.jsonl` : `${node}.jsonl.${rotation}`;
}
