import { describe, expect, it } from 'vitest';
import { KeyAuthImage } from '../key-auth-image.js';
import { decide } from '../oracle/decide.js';
import type { Decision, RequestFacts } from '../oracle/facts.js';
import { isIdentityHeader } from '../oracle/identity-headers.js';
import { REASONS } from '../oracle/reasons.js';
import { refusal } from '../oracle/refusal.js';
import { writeKeyAuthImage } from '../write-key-auth.js';
import { loadVectors, loadWireVectors, type Expectation, type Vector } from './index.js';

const vectors = loadVectors();
const topics = new Map<string, Vector[]>();
for (const vector of vectors) topics.set(vector.topic, [...(topics.get(vector.topic) ?? []), vector]);

const images = new Map<string, KeyAuthImage>();
function imageOf(vector: Vector): KeyAuthImage | null {
  if (vector.policy === null || vector.policyName === null) return null;
  const image = images.get(vector.policyName) ?? new KeyAuthImage(writeKeyAuthImage(vector.policy));
  images.set(vector.policyName, image);
  return image;
}

/** What the oracle's decision looks like from outside. */
function observed(facts: RequestFacts, decision: Decision): Expectation {
  switch (decision.kind) {
    case 'admit': {
      const removed = new Set(facts.headers.map(([name]) => name.toLowerCase()).filter(isIdentityHeader));
      const { consumer, route, model } = decision;
      return { kind: 'admit', consumer, route, model, removed: [...removed] };
    }
    case 'answer': {
      const headers = { 'content-type': 'application/json' };
      return { kind: 'reply', reason: null, reply: { status: 200, headers, body: decision.body } };
    }
    case 'refuse':
      return { kind: 'reply', reason: decision.reason, reply: refusal(facts, decision) };
  }
}

describe.each([...topics])('%s', (_, ofTopic) => {
  it.each(ofTopic.map((vector) => [vector.name, vector] as const))('%s', (_name, vector) => {
    const facts = vector.facts();
    expect(observed(facts, decide(imageOf(vector), facts))).toEqual(vector.expect);
  });
});

describe('vectors', () => {
  it('cover every reason that a request can meet', () => {
    const covered = new Set(
      vectors.map(({ expect: expected }) => ('reason' in expected ? expected.reason : null)),
    );
    const missing = Object.keys(REASONS).filter((reason) => !covered.has(reason as keyof typeof REASONS));
    // A failed hostcall needs a host that fails, and what was spent is no part of a request.
    expect(missing).toEqual([
      'price-unknown',
      'requests-exhausted',
      'tokens-exhausted',
      'budget-exhausted',
      'limits-unavailable',
      'internal',
    ]);
  });

  it('repeat nothing of the request in a refusal', () => {
    for (const vector of vectors) {
      if (vector.expect.kind !== 'reply' || vector.expect.reason === null) continue;
      const said = JSON.stringify(vector.expect.reply);
      expect(said).not.toContain('hck_');
      expect(said).not.toContain('gpt-');
    }
  });

  it('has raw requests for Envoy, with distinct names', () => {
    const wire = loadWireVectors();
    expect(new Set(wire.map(({ name }) => name)).size).toBe(wire.length);
    for (const { bytes, statuses } of wire) {
      expect(bytes.length).toBeGreaterThan(0);
      expect(statuses.length).toBeGreaterThan(0);
    }
  });
});
