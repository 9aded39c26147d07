import { randomBytes, randomUUID } from 'node:crypto';
import { formatToken, tokenDigest } from '@hiclaw/policy-image';
import Database from 'better-sqlite3';
import type { Network } from '../network/network.js';
import { until } from '../network/until.js';
import { statusOf } from '../network/status-of.js';

/** Consumers beside those a benchmark makes for itself. */
export interface Population {
  readonly count: number;
  /** Tokens of some of them, spread over all. */
  readonly tokens: readonly string[];
}

const MAX_TOKENS_KEPT = 1000;
const NAME_DIGITS = 6;

/**
 * Puts consumers with a token each and grants on the routes of `createBenchPolicy` into the database while the policy
 * server is down: the same rows as the API writes, without the hours it would take to say them one by one. Resolves when
 * every gateway admits the last of them.
 */
export async function populate(network: Network, count: number): Promise<Population> {
  await network.policyServer.kill('SIGTERM');
  const kept: string[] = [];
  let last = '';
  const database = new Database(network.home.database);
  try {
    const consumer = database.prepare(
      `INSERT INTO resources (kind, name, uid, resource_version, generation, created_at, labels, annotations, spec)
       SELECT kind, ?, ?, 1, 1, created_at, labels, annotations, spec FROM resources WHERE kind = 'Consumer' LIMIT 1`,
    );
    const token = database.prepare(
      `INSERT INTO tokens (id, consumer_uid, digest, description, created_at, expires_at) VALUES (?, ?, ?, '', 0, 0)`,
    );
    const grant = database.prepare(
      `INSERT INTO grants (kind, route, consumer, source, models) VALUES (?, 'bench', ?, 'admin', ?)`,
    );
    database.transaction(() => {
      const keepEach = Math.max(1, Math.floor(count / MAX_TOKENS_KEPT));
      for (let i = 0; i < count; i++) {
        const name = `worker-${String(i).padStart(NAME_DIGITS, '0')}`;
        const uid = randomUUID();
        last = formatToken(randomBytes(32));
        consumer.run(name, uid);
        token.run(randomUUID(), uid, tokenDigest(last));
        grant.run('service-routes', name, null);
        grant.run('llm-routes', name, NARROWED[i % NARROWED.length]);
        if (i % keepEach === 0) kept.push(last);
      }
      database.prepare('UPDATE installation SET policy_version = policy_version + ?').run(count);
    })();
  } finally {
    database.close();
  }
  await network.policyServer.restart();
  const headers = { authorization: `Bearer ${last}` };
  for (const replica of network.replicas) {
    await until(async () => (await statusOf(`${replica.origin}/services/bench/x`, { headers })) === 200, {
      withinMs: 60_000,
      onTimeout: () => network.logs(),
    });
  }
  return { count, tokens: kept.slice(0, MAX_TOKENS_KEPT) };
}

/** Not everybody may use all of the route's models. */
const NARROWED = [null, '["gpt-4o"]', '["gpt-4o","gpt-4o-mini"]', '["gpt-4o*"]'] as const;
