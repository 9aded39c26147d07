import { CLOSED, formatted, parseDuration, words } from '@hiclaw/resources';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { Type } from 'typebox';
import type { ReplicaApplied } from '../gateways.js';
import type { AuditEvent } from '../store/audit-log.js';
import type { WriteContext, Written } from '../store/store.js';
import type { WriteTransaction } from '../store/transaction.js';
import type { ApiContext } from './context.js';
import { adminOf } from './security.js';

const WAIT_DESCRIPTION =
  '`applied`: answer when every live gateway replica runs the new policy, or after `timeout`.';

const fields = {
  dryRun: Type.Boolean({ default: false, description: 'Check everything, change nothing.' }),
  wait: words(['none', 'applied'], {
    default: 'none',
    description: WAIT_DESCRIPTION,
  }),
  timeout: formatted('duration', {
    default: '5s',
    maxLength: 16,
    description: 'How long to wait, at most 1m.',
  }),
};

/** Query parameters of every write. */
export const WriteQuery = Type.Object(fields, CLOSED);

/** The same where waiting is the default. */
export const WaitingWriteQuery = Type.Object(
  {
    ...fields,
    wait: words(['none', 'applied'], { default: 'applied', description: WAIT_DESCRIPTION }),
  },
  CLOSED,
);

export interface WriteOptions {
  readonly dryRun: boolean;
  readonly wait: 'none' | 'applied';
  readonly timeout: string;
}

function writeContextOf(request: FastifyRequest, options: WriteOptions): WriteContext {
  return { actor: adminOf(request).subject, requestId: request.id, dryRun: options.dryRun };
}

/** What a write did, and the record of it. */
export interface Outcome<T> {
  readonly result: T;
  readonly audit: AuditEvent;
}

/** Runs one write for a request and counts it. */
export function commit<T>(
  context: ApiContext,
  request: FastifyRequest,
  options: WriteOptions,
  change: (tx: WriteTransaction) => Outcome<T>,
): Written<T> {
  let event: AuditEvent | undefined;
  const written = context.store.write(writeContextOf(request, options), (tx) => {
    const outcome = change(tx);
    event = outcome.audit;
    return outcome;
  });
  if (event !== undefined) context.metrics.countWrite(event.action, event.kind, options.dryRun);
  return written;
}

/** Sets the headers of a write's answer, and waits for the gateways when asked to. */
export async function finishWrite(
  context: ApiContext,
  reply: FastifyReply,
  policyVersion: number,
  options: WriteOptions,
): Promise<readonly ReplicaApplied[]> {
  reply.header('x-hiclaw-policy-version', String(policyVersion));
  if (options.wait !== 'applied' || options.dryRun) return [];
  const startedMs = performance.now();
  const replicas = await context.gateways.applied(policyVersion, parseDuration(options.timeout).value ?? 0);
  const pending = replicas.filter(({ applied }) => !applied).map(({ id }) => id);
  context.metrics.observeApplied((performance.now() - startedMs) / 1000, pending.length === 0);
  reply.header('x-hiclaw-applied', String(pending.length === 0));
  // Replica ids are chosen by gateways: only harmless characters reach a header.
  if (pending.length > 0)
    reply.header('x-hiclaw-pending', pending.map((id) => id.replace(/[^\w.:-]/g, '_')).join(', '));
  return replicas;
}
