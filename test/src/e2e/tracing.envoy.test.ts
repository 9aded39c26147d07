import { createHash } from 'node:crypto';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { freePorts } from '../network/free-ports.js';
import { until } from '../network/until.js';
import { createCertificateAuthority } from '../upstreams/certificate-authority.js';
import { type OtlpReceiver, type ReceivedSpan, startOtlpReceiver } from '../upstreams/otlp-receiver.js';
import { bearer, call, chat, get } from './calls.js';
import { type Scene, SECRETS, startScene } from './scene.js';

const SERVER = 2;
const CLIENT = 3;
/** Envoy sends spans every 5 s. */
const EXPORTED = { withinMs: 20_000 };

/** A trace of a client's own, not sampled by it. */
function newTrace(n: number): { id: string; traceparent: string } {
  const id = n.toString(16).padStart(32, '5');
  return { id, traceparent: `00-${id}-b7ad6b7169203331-00` };
}

async function spansOf(otlp: OtlpReceiver, trace: string, count: number): Promise<readonly ReceivedSpan[]> {
  const of = (): readonly ReceivedSpan[] => otlp.spans().filter(({ traceId }) => traceId === trace);
  await until(() => of().length >= count, { ...EXPORTED, onTimeout: () => JSON.stringify(otlp.spans()) });
  return of();
}

describe('tracing', () => {
  let otlp: OtlpReceiver;
  let scene: Scene;
  beforeAll(async () => {
    otlp = await startOtlpReceiver();
    scene = await startScene({ tracing: { endpoint: otlp.origin, service: 'edge', percent: 100 } });
  });
  afterAll(async () => {
    await scene[Symbol.asyncDispose]();
    await otlp.close();
  });

  it("continues the client's trace through the gateway to the upstream, and says who, where and what became of it", async () => {
    const { id, traceparent } = newTrace(1);
    const headers = { ...bearer(scene.alice), traceparent, tracestate: 'vendor=1' };
    const url = `${scene.network.gatewayOrigin}/services/query/public/x`;
    expect(await call(url, { method: 'GET', headers })).toMatchObject({ status: 200 });
    const spans = await spansOf(otlp, id, 2);
    const server = spans.find(({ kind }) => kind === SERVER);
    const client = spans.find(({ kind }) => kind === CLIENT);
    expect(server).toMatchObject({
      parentSpanId: 'b7ad6b7169203331',
      resource: { 'service.name': 'edge' },
      attributes: {
        'http.method': 'GET',
        'http.status_code': '200',
        'hiclaw.consumer': 'worker-alice',
        'hiclaw.route': 'service-routes/query',
        'hiclaw.attempts': '1',
        node_id: 'gateway-0',
      },
    });
    expect(server?.attributes['hiclaw.upstream']).toMatch(/^service-routes\/query 127\.0\.0\.1:\d+$/);
    expect(client).toMatchObject({ parentSpanId: server?.spanId });
    const forwarded = scene.echo.requests.at(-1);
    expect(forwarded?.header('traceparent')).toBe(`00-${id}-${client?.spanId ?? ''}-01`);
    expect(forwarded?.header('tracestate')).toBe('vendor=1');
  });

  it('starts a trace for who has none, and gives refusals their reason', async () => {
    const { id, traceparent } = newTrace(2);
    const headers = { ...bearer(scene.bob), traceparent };
    const url = `${scene.network.gatewayOrigin}/mcp-servers/everything/mcp`;
    expect(await call(url, { method: 'GET', headers })).toMatchObject({ status: 403 });
    const [refused] = await spansOf(otlp, id, 1);
    expect(refused?.attributes).toMatchObject({
      'http.status_code': '403',
      'hiclaw.reason': 'route-not-allowed',
      'hiclaw.attempts': '0',
    });
    await chat(scene.network.gatewayOrigin, scene.bob, 'gpt-3.5-turbo');
    const own = await until(
      () =>
        otlp
          .spans()
          .find(
            ({ kind, attributes }) => kind === SERVER && attributes['hiclaw.route'] === 'llm-routes/chat',
          ),
      EXPORTED,
    );
    expect(own.parentSpanId).toBe('');
    expect(own.traceId).toMatch(/^[0-9a-f]{32}$/);
  });

  it('has a span for each attempt, which says where it went', async () => {
    const { admin, gatewayOrigin } = scene.network;
    const [deadPort = 0] = await freePorts(1);
    await admin.put('providers', 'dead', {
      baseUrl: `http://127.0.0.1:${deadPort}/v1`,
      models: ['spare-model'],
    });
    await admin.put('llm-routes', 'fallback', {
      path: '/v1',
      models: ['spare-model'],
      targets: [
        { provider: 'dead', priority: 0 },
        { provider: 'pretend', priority: 1, model: 'gpt-4o' },
      ],
      allowedConsumers: ['worker-alice'],
    });
    const { id, traceparent } = newTrace(4);
    const headers = { ...bearer(scene.alice), traceparent, 'content-type': 'application/json' };
    const body = JSON.stringify({ model: 'spare-model', messages: [] });
    const url = `${gatewayOrigin}/v1/chat/completions`;
    expect(await call(url, { method: 'POST', headers, body })).toMatchObject({ status: 200 });
    const spans = await spansOf(otlp, id, 3);
    const server = spans.find(({ kind }) => kind === SERVER);
    const attempts = spans.filter(({ kind }) => kind === CLIENT);
    expect(server?.attributes).toMatchObject({
      'hiclaw.route': 'llm-routes/fallback',
      'hiclaw.attempts': String(attempts.length),
    });
    expect(attempts.every(({ parentSpanId }) => parentSpanId === server?.spanId)).toBe(true);
    const went = attempts.map(({ attributes }) => attributes['hiclaw.upstream'] ?? '');
    expect(went.some((upstream) => upstream.startsWith('providers/pretend '))).toBe(true);
    expect(server?.attributes['hiclaw.upstream']).toMatch(/^providers\/pretend .* gpt-4o$/);
  });

  it('tells the receiver nothing that a client chose, and no secret: in a path, a query, a header or a gRPC call', async () => {
    const { id, traceparent } = newTrace(3);
    const marks = [1, 2, 3, 4, 5, 6, 7, 8].map((n) => `client-chosen-${n}`);
    const headers = {
      ...bearer(scene.alice),
      traceparent,
      'user-agent': marks[0] ?? '',
      'x-request-id': marks[1] ?? '',
      'x-client-trace-id': marks[2] ?? '',
      'x-envoy-decorator-operation': marks[3] ?? '',
      'x-envoy-downstream-service-cluster': marks[4] ?? '',
      'content-type': `application/grpc+${marks[5] ?? ''}`,
      host: marks[6] ?? '',
    };
    const url = `${scene.network.gatewayOrigin}/services/query/public/secret-path?token=${marks[7] ?? ''}`;
    expect(await call(url, { method: 'GET', headers })).toMatchObject({ status: 200 });
    await get(scene.network.gatewayOrigin, '/services/basic/public/x', scene.alice);
    await spansOf(otlp, id, 2);
    const exported = otlp.server.requests.map(({ body }) => body.toString('latin1')).join('');
    const hidden = [...marks, 'secret-path', scene.alice, scene.bob, ...Object.values(SECRETS)];
    expect(hidden.filter((text) => exported.includes(text))).toEqual([]);
  });

  it("does not obey a client's x-envoy headers", async () => {
    const headers = { ...bearer(scene.alice), 'x-envoy-upstream-alt-stat-name': 'name-of-a-client' };
    const url = `${scene.network.gatewayOrigin}/services/query/public/x`;
    expect(await call(url, { method: 'GET', headers })).toMatchObject({ status: 200 });
    expect((await scene.network.replicas[0]?.envoy.admin.stats(/name-of-a-client/))?.size).toBe(0);
  });

  it('does no harm when the receiver is gone', async () => {
    await otlp.close();
    for (let n = 0; n < 20; n++) {
      const { status } = await get(scene.network.gatewayOrigin, '/services/query/public/x', scene.alice);
      expect(status).toBe(200);
    }
    otlp = await startOtlpReceiver();
  });
});

describe('tracing of a share', () => {
  it('goes by the trace id, whatever the client says of sampling; over TLS', async () => {
    const authority = createCertificateAuthority();
    const folder = await mkdtemp(join(tmpdir(), 'hiclaw-'));
    const caBundle = join(folder, 'ca.pem');
    await writeFile(caBundle, authority.cert);
    await using otlp = await startOtlpReceiver(authority.issue());
    await using scene = await startScene({
      tracing: { endpoint: otlp.origin, service: 'edge', percent: 50, caBundle },
    });
    const { gatewayOrigin, replicas } = scene.network;
    const ids = Array.from({ length: 64 }, (_, n) =>
      createHash('sha256').update(`trace ${n}`).digest('hex').slice(0, 32),
    );
    for (const flags of ['00', '01']) {
      for (const id of ids) {
        const headers = { traceparent: `00-${id}-b7ad6b7169203331-${flags}` };
        await call(`${gatewayOrigin}/healthz`, { method: 'GET', headers });
      }
    }
    const sent = async (): Promise<number> =>
      (await replicas[0]?.envoy.admin.stats(/opentelemetry.spans_sent/))?.get(
        'tracing.opentelemetry.spans_sent',
      ) ?? 0;
    const kept = (): string[] =>
      otlp.spans().flatMap(({ traceId }) => (ids.includes(traceId) ? [traceId] : []));
    const isWhole = async (): Promise<boolean> => {
      const each = ids.map((id) => kept().filter((traceId) => traceId === id).length);
      return (
        kept().length > 0 && each.every((count) => count !== 1) && otlp.spans().length === (await sent())
      );
    };
    await until(isWhole, { ...EXPORTED, onTimeout: () => `${kept().length} spans\n${scene.network.logs()}` });
    const share = new Set(kept()).size;
    expect(share).toBeGreaterThan(16);
    expect(share).toBeLessThan(48);
    await rm(folder, { recursive: true });
  });
});
