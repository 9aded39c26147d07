import { writeKeyAuthImage } from '@hiclaw/policy-image';
import { loadVectors, type Expectation, type Vector } from '@hiclaw/policy-image/vectors';
import { beforeAll, describe, expect, it } from 'vitest';
import { Gateway, keyAuthModule, observe } from './support/gateway.js';

const vectors = loadVectors();
const topics = new Map<string, Vector[]>();
for (const vector of vectors) topics.set(vector.topic, [...(topics.get(vector.topic) ?? []), vector]);
const gateways = new Map<string, Gateway>();

async function gatewayOf(vector: Vector, now: number): Promise<Gateway> {
  const key = `${vector.policyName ?? ''} ${now}`;
  const known = gateways.get(key);
  if (known !== undefined) return known;
  const image = vector.policy === null ? null : writeKeyAuthImage(vector.policy);
  const gateway = new Gateway(await keyAuthModule(), image, { startTimeMs: now * 1000 });
  gateways.set(key, gateway);
  return gateway;
}

/** The host joins repeated `authorization` headers as Envoy does. */
function expectation(vector: Vector): Expectation {
  const names = vector.facts().headers.map(([name]) => name.toLowerCase());
  const isJoined = names.filter((name) => name === 'authorization').length > 1;
  return isJoined && vector.inEnvoy.kind !== 'envoy' ? vector.inEnvoy : vector.expect;
}

beforeAll(keyAuthModule);

describe.each([...topics])('%s', (_, ofTopic) => {
  it.each(ofTopic.map((vector) => [vector.name, vector] as const))('%s', async (_name, vector) => {
    const facts = vector.facts();
    const gateway = await gatewayOf(vector, facts.now);
    const stream = gateway.send(facts);
    const expected = expectation(vector);
    if (expected.kind === 'reply') {
      expect(observe(stream)).toEqual({ kind: 'reply', ...expected.reply });
      expect(stream.forwardedRequest.headers).toBeNull();
    } else {
      const { consumer, route, removed } = expected;
      expect(observe(stream)).toEqual({ kind: 'admit', consumer, route });
      for (const name of removed) {
        if (name !== 'x-hiclaw-route') expect(stream.forwardedRequest.headers?.get(name)).toBeUndefined();
      }
      // Not toEqual: some bodies are megabytes.
      expect(Buffer.concat(facts.body).equals(stream.forwardedRequest.body)).toBe(true);
    }
    stream.end();
  });
});
