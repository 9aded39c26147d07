import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { Secret } from '@hiclaw/service-kit';
import { describe, expect, it } from 'vitest';
import { stringify } from 'yaml';
import type { EnvoyMessage } from '../render/json.js';
import { renderListener } from '../render/listener.js';
import type { NodeSettings, RenderSettings } from '../render/settings.js';
import { sharedResources } from '../snapshot/snapshot.js';
import { listCases, readManifests } from '../translate/manifests.fixture.js';
import { type Codec, loadCodec } from './codec.js';
import { createCompiler } from './compiler.js';

const folder = fileURLToPath(new URL('../render/testdata', import.meta.url));
const node: NodeSettings = {
  bind: '127.0.0.1',
  port: 18080,
  accessLog: '/var/log/hiclaw/access-0.log',
  usageJournal: '/var/lib/hiclaw/usage/gateway-0.jsonl',
};
const render: RenderSettings = {
  bufferBytes: 17_825_792,
  caBundlePath: '/etc/ssl/certs/ca-certificates.crt',
  plugins: {
    keyAuth: { path: '/plugins/key-auth.wasm', sha256: 'a'.repeat(64) },
    credentialInjection: { path: '/plugins/credential-injection.wasm', sha256: 'b'.repeat(64) },
  },
};

const SECRET = 'sk-very-secret';

function renderCase(name: string): Record<string, readonly EnvoyMessage[]> {
  const compile = createCompiler({
    maxBodyBytes: 16_777_216,
    openCredential: () => new Secret(SECRET),
    nowMs: () => 0,
    certificateProblem: () => null,
    sealingKey: new Secret<Uint8Array>(new Uint8Array(32)),
    render,
  });
  const { snapshot, problems } = compile(readManifests(folder, name));
  expect(problems).toEqual([]);
  const shared: Record<string, readonly EnvoyMessage[]> = {};
  for (const { name: resource, type, messages } of sharedResources(snapshot!)) {
    shared[resource === '*' ? type : resource] = messages;
  }
  return { ...shared, listener: [renderListener(node, render)] };
}

/** Images are tested elsewhere and differ with every change of their format. */
function readable(value: unknown): unknown {
  return JSON.parse(
    JSON.stringify(value, (_key, item: unknown) => {
      const bytes = item instanceof Object && 'type' in item && item.type === 'Buffer';
      return bytes || item instanceof Uint8Array ? 'image' : item;
    }),
  );
}

/** What decoding gives back, in the form in which it was rendered. */
function comparable(value: unknown): unknown {
  if (value instanceof Uint8Array) return Buffer.from(value).toString('base64');
  if (Array.isArray(value)) return value.map(comparable);
  if (typeof value !== 'object' || value === null) {
    return typeof value === 'bigint' || typeof value === 'number' ? String(value) : value;
  }
  const fields = Object.entries(value).map(([name, field]) => [name, comparable(field)]);
  return Object.fromEntries(fields);
}

/** Fields of `rendered` that `decoded` does not have, or has otherwise. */
function lost(rendered: unknown, decoded: unknown, at = ''): readonly string[] {
  if (Array.isArray(rendered)) {
    const other = Array.isArray(decoded) ? (decoded as unknown[]) : [];
    return rendered.flatMap((item: unknown, index) => lost(item, other[index], `${at}[${index}]`));
  }
  if (typeof rendered === 'object' && rendered !== null) {
    const other = (typeof decoded === 'object' && decoded !== null ? decoded : {}) as Record<string, unknown>;
    return Object.entries(rendered).flatMap(([name, field]) => lost(field, other[name], `${at}.${name}`));
  }
  // proto3 does not send what is the default anyway.
  const isDefault = rendered === '0' || rendered === '' || rendered === false;
  return rendered === decoded || (isDefault && decoded === undefined) ? [] : [`${at}: ${String(rendered)}`];
}

let codec: Codec | undefined;
function loaded(): Codec {
  return (codec ??= loadCodec());
}

describe('render', () => {
  it.each(listCases(folder))('gives what %s.out.yaml says', async (name) => {
    const text = stringify(readable(renderCase(name)), { lineWidth: 0, aliasDuplicateObjects: false });
    await expect(text).toMatchFileSnapshot(path.join(folder, `${name}.out.yaml`));
  });

  it.each(listCases(folder))('renders nothing in %s that the loaded protos would drop', (name) => {
    for (const message of Object.values(renderCase(name)).flat()) {
      const decoded = loaded().unpack(loaded().pack(message));
      expect(lost(comparable(message), comparable(decoded))).toEqual([]);
    }
  });

  it('renders tracing for a gateway that asks for it, and nothing of it for others', () => {
    const tracing = { service: 'gateway', percent: 25, tracesUrl: 'http://127.0.0.1:4318/v1/traces' };
    const message = renderListener({ ...node, tracing }, render);
    const decoded = loaded().unpack(loaded().pack(message));
    expect(lost(comparable(message), comparable(decoded))).toEqual([]);
    expect(JSON.stringify(message)).toContain('envoy.tracers.opentelemetry');
    expect(JSON.stringify(renderListener(node, render))).not.toMatch(/tracing|tracers/);
  });

  it('notices a field or type that the protos do not have', () => {
    const message = {
      '@type': 'type.googleapis.com/envoy.config.cluster.v3.Cluster',
      name: 'a',
      no_such_field: 1,
    };
    const decoded = loaded().unpack(loaded().pack(message));
    expect(lost(comparable(message), comparable(decoded))).toEqual(['.no_such_field: 1']);
    expect(() => loaded().pack({ '@type': 'type.googleapis.com/no.such.Type' })).toThrow('no loaded proto');
    expect(() => loaded().pack({ ...message, nested: [{ '@type': 'x/no.such.Type' }] })).toThrow(
      'no loaded proto',
    );
  });

  it('shows no secret', () => {
    const texts = Object.values(renderCase('everything'))
      .flat()
      .map((message) => Buffer.from(loaded().pack(message).value).toString('latin1'));
    expect(texts.some((text) => text.includes(SECRET))).toBe(false);
  });
});
