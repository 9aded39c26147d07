import { contentHash, KeyAuthImage, writeKeyAuthImage } from '@hiclaw/policy-image';
import { Secret } from '@hiclaw/service-kit';
import { describe, expect, it } from 'vitest';
import type { ResourceSet } from '../store/resource-set.js';
import type { GatewayState } from '../translate/state.js';
import { createTranslator } from '../translate/translate.js';
import { ResourceSetBuilder } from '../xds/resource-set.fixture.js';
import { createImageWriter } from './images.js';

const sealingKey = new Secret<Uint8Array>(new Uint8Array(32).fill(7));

function scenario(): { builder: ResourceSetBuilder; translate: (set: ResourceSet) => GatewayState } {
  const builder = new ResourceSetBuilder()
    .credential('c', ['api.example.com'])
    .consumer('alice')
    .consumer('bob');
  builder.provider('p', 'https://api.example.com/v1', { credential: 'c' }).llmRoute('chat', 'p', ['*']);
  builder.grant('alice', 'llm-routes', 'chat');
  const translate = createTranslator({
    maxBodyBytes: 1024,
    openCredential: (uid, valueVersion) => new Secret(`sk-secret-${uid}-${valueVersion}`),
    nowMs: () => 0,
    certificateProblem: () => null,
  });
  return { builder, translate: (set) => translate(set).state };
}

describe('createImageWriter', () => {
  it('patches what writing anew would give', () => {
    const { builder, translate } = scenario();
    const write = createImageWriter(sealingKey);
    write(translate(builder.set()));
    const alice = builder.consumers.get('alice')!;
    builder.consumers.set('alice', { ...alice, revoked: true });
    const state = translate(builder.set());
    const { keyAuth } = write(state);
    const policy = { policyVersion: 2n, maxBodyBytes: 1024, ...state.access };
    expect(Buffer.from(keyAuth.bytes).equals(writeKeyAuthImage(policy))).toBe(true);
    expect(keyAuth.hash).toBe(contentHash(keyAuth.bytes));
    expect(() => new KeyAuthImage(keyAuth.bytes)).not.toThrow();
  });

  it('keeps the bytes, and the version they bear, when nothing changes for the plugins', () => {
    const { builder, translate } = scenario();
    const write = createImageWriter(sealingKey);
    const before = write(translate(builder.set()));
    const after = write(translate(builder.consumer('alice').set()));
    expect(after.keyAuth).toBe(before.keyAuth);
    expect(after.injection).toBe(before.injection);
    expect(after.keyAuth.version).toBe(1n);
  });

  it('writes only the image that changes', () => {
    const { builder, translate } = scenario();
    const write = createImageWriter(sealingKey);
    const first = write(translate(builder.set()));
    const rotated = write(translate(builder.credential('c', ['api.example.com'], {}, 2).set()));
    expect(rotated.keyAuth).toBe(first.keyAuth);
    expect(rotated.injection.hash).not.toBe(first.injection.hash);
    expect(rotated.injection.version).toBe(2n);
    const granted = write(translate(builder.grant('bob', 'llm-routes', 'chat').set()));
    expect(granted.injection).toBe(rotated.injection);
    expect(granted.keyAuth.version).toBe(3n);
  });

  it('has no secret in the clear', () => {
    const { builder, translate } = scenario();
    const { injection, keyAuth } = createImageWriter(sealingKey)(translate(builder.set()));
    for (const { bytes } of [injection, keyAuth]) {
      expect(Buffer.from(bytes).toString('latin1')).not.toContain('sk-secret');
    }
  });
});
