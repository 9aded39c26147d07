import { Secret } from '@hiclaw/service-kit';
import { expect, it } from 'vitest';
import type { RenderSettings } from '../render/settings.js';
import { createCompiler } from './compiler.js';
import { ResourceSetBuilder } from './resource-set.fixture.js';

const code = { path: '/plugin.wasm', sha256: '0'.repeat(64) };
const render: RenderSettings = {
  bufferBytes: 20_000_000,
  caBundlePath: '/etc/ssl/certs/ca-certificates.crt',
  plugins: { keyAuth: code, credentialInjection: code },
};

function manyConsumers(count: number): ResourceSetBuilder {
  const builder = new ResourceSetBuilder().credential('openai', ['api.openai.com']);
  builder.provider('openai', 'https://api.openai.com/v1', { credential: 'openai', models: ['gpt-4o'] });
  for (let i = 0; i < 20; i++) builder.llmRoute(`route-${i}`, 'openai', [`model-${i}-*`]);
  for (let i = 0; i < 20; i++) builder.mcpServer(`server-${i}`, `https://mcp-${i}.example.com/mcp`);
  for (let i = 0; i < count; i++) {
    // Spread, so that the map is not in the order of names.
    const name = `worker-${(i * 7919) % count}`;
    builder
      .consumer(name)
      .grant(name, 'llm-routes', `route-${i % 20}`)
      .grant(name, 'mcp-servers', `server-${i % 19}`);
    if (i % 3 === 0) builder.grant(name, 'llm-routes', `route-${(i + 1) % 20}`, ['model-*-small']);
  }
  return builder;
}

/** Loose: machines differ, and others work on this one. */
const SLACK = 4;

it.each([
  [10_000, 10],
  [100_000, 150],
])('compiles one revocation among %i consumers in about %i ms', (count, withinMs) => {
  const builder = manyConsumers(count);
  const options = {
    maxBodyBytes: 16_777_216,
    openCredential: () => new Secret('real'),
    nowMs: () => 0,
    certificateProblem: () => null,
    sealingKey: new Secret<Uint8Array>(new Uint8Array(32)),
    render,
  };
  const compile = createCompiler(options);
  const times: number[] = [];
  let set = builder.set();
  for (let round = 0; round < 16; round++) {
    const name = `worker-${round * 31}`;
    const revoked = { ...set.consumers.get(name)!, revoked: true };
    // As the store does it: the map that changed is a copy.
    set = { ...set, policyVersion: round + 2, consumers: new Map(set.consumers).set(name, revoked) };
    const startMs = performance.now();
    expect(compile(set).problems).toEqual([]);
    times.push(performance.now() - startMs);
  }
  const [first = 0, ...later] = times;
  const best = Math.min(...later);
  console.info(`${count} consumers: first ${first.toFixed(0)} ms, then ${best.toFixed(1)} ms`);
  expect(best).toBeLessThan(withinMs * SLACK);
});
