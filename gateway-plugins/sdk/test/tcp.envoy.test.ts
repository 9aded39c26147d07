import { once } from 'node:events';
import { connect, createServer, type AddressInfo, type Socket } from 'node:net';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { Envoy, until } from './envoy.js';
import { built } from './sink.js';

let envoy: Envoy;
const sockets = new Set<Socket>();
const upstream = createServer((socket) => {
  sockets.add(socket);
  socket.on('error', () => socket.destroy());
  socket.on('data', (data) => socket.write(`<${data.toString()}>`));
});

beforeAll(async () => {
  upstream.listen(0, '127.0.0.1');
  await once(upstream, 'listening');
  envoy = await Envoy.start({
    listeners: { tcp: { wasm: built('test-tcp'), tcp: true } },
    clusters: { upstream: (upstream.address() as AddressInfo).port },
  });
});

afterAll(async () => {
  await envoy.stop();
  for (const socket of sockets) socket.destroy();
  upstream.close();
});

describe('TCP plugins in Envoy', () => {
  it('see and change the bytes of both sides, and the end', async () => {
    const client = connect(envoy.port('tcp'), '127.0.0.1');
    client.write('hello');
    const [answer] = (await once(client, 'data')) as [Buffer];
    expect(answer.toString()).toBe('<in:hello>:out');
    client.destroy();
    await until('the log', () => (envoy.log.includes('tcp downstream closed') ? true : undefined));
    expect(envoy.log).toContain('tcp open');
    expect(envoy.log).toContain('tcp upstream closed');
  });

  it('close a connection', async () => {
    const client = connect(envoy.port('tcp'), '127.0.0.1');
    client.on('error', () => client.destroy());
    const closes = (): number => envoy.log.split('tcp downstream closed').length;
    const before = closes();
    client.write('refuse me');
    await once(client, 'close');
    await until('the log', () => (closes() > before ? true : undefined));
  });
});
