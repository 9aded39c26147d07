import {
  formatToken,
  tokenDigest,
  writeKeyAuthImage,
  type KeyAuthConsumer,
  type KeyAuthPolicy,
  type RequestFacts,
} from '@hiclaw/policy-image';
import { createHash } from 'node:crypto';

/** Token number `n` of the tests. */
export function token(n: number): string {
  return formatToken(createHash('sha256').update(`token ${n}`).digest());
}

export function consumer(n: number, changes: Partial<KeyAuthConsumer> = {}): KeyAuthConsumer {
  return {
    name: `worker-${n}`,
    disabled: false,
    revoked: false,
    expiresAt: 0,
    tokens: [{ digest: tokenDigest(token(n)), expiresAt: 0 }],
    grants: [
      { route: 'llm-routes/chat', models: null },
      { route: 'mcp-servers/github', models: null },
      { route: 'service-routes/jira', models: null },
    ],
    ...changes,
  };
}

/** One route of each kind; everything is allowed to whom has a grant. */
export function image(consumers: readonly KeyAuthConsumer[], changes: Partial<KeyAuthPolicy> = {}): Buffer {
  return writeKeyAuthImage({
    policyVersion: 1n,
    maxBodyBytes: 1 << 20,
    routes: [
      { kind: 'llm', key: 'llm-routes/chat', path: '/v1', models: ['gpt-*'], catalogue: ['gpt-4o'] },
      { kind: 'mcp', key: 'mcp-servers/github' },
      { kind: 'service', key: 'service-routes/jira', rules: [{ methods: ['GET'], paths: ['/**'] }] },
    ],
    consumers,
    ...changes,
  });
}

type Sent = Omit<RequestFacts, 'now'>;

export function mcpRequest(n: number): Sent {
  return {
    method: 'GET',
    path: '/mcp-servers/github/mcp',
    headers: [['authorization', `Bearer ${token(n)}`]],
    body: [],
  };
}

export function serviceRequest(n: number): Sent {
  return { method: 'GET', path: '/services/jira/x', headers: [['x-api-key', token(n)]], body: [] };
}

export function chatRequest(n: number, model = 'gpt-4o', body = JSON.stringify({ model })): Sent {
  return {
    method: 'POST',
    path: '/v1/chat/completions',
    headers: [
      ['authorization', `Bearer ${token(n)}`],
      ['content-type', 'application/json'],
      ['content-length', `${Buffer.byteLength(body)}`],
    ],
    body: [Buffer.from(body)],
  };
}
