import { Server as GrpcServer, ServerCredentials, status as GrpcCode, Metadata } from '@grpc/grpc-js';
import type { handleBidiStreamingCall, handleUnaryCall } from '@grpc/grpc-js';
import { once } from 'node:events';
import { createServer, type IncomingHttpHeaders } from 'node:http';
import type { AddressInfo } from 'node:net';
import { promisify } from 'node:util';

/** What an upstream got. */
export interface Seen {
  readonly method: string;
  readonly path: string;
  readonly headers: IncomingHttpHeaders;
  readonly body: string;
  readonly trailers: Readonly<Record<string, string | undefined>>;
}

/** Answers every request with what it got, as JSON. */
export async function startUpstream(): Promise<{ readonly port: number; close: () => Promise<void> }> {
  const server = createServer((incoming, outgoing) => {
    let body = '';
    incoming.setEncoding('utf8').on('data', (chunk: string) => (body += chunk));
    incoming.on('end', () => {
      const { method = '', url: path = '', headers, trailers } = incoming;
      outgoing.writeHead(path === '/call' ? 201 : 200, {
        'content-type': 'application/json',
        trailer: 'x-trailer',
      });
      outgoing.write(JSON.stringify({ method, path, headers, body, trailers } satisfies Seen));
      outgoing.addTrailers({ 'x-trailer': 'response' });
      outgoing.end();
    });
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  return {
    port: (server.address() as AddressInfo).port,
    close: async () => {
      server.closeAllConnections();
      await promisify(server.close.bind(server))();
    },
  };
}

const bytes = {
  requestSerialize: (value: Buffer) => value,
  requestDeserialize: (value: Buffer) => value,
  responseSerialize: (value: Buffer) => value,
  responseDeserialize: (value: Buffer) => value,
};

/** `sink.Service`: `Unary` answers once, `Stream` answers each message and ends with a status. */
export async function startGrpcUpstream(): Promise<{ readonly port: number; close: () => void }> {
  const server = new GrpcServer();
  const metadata = (name: string): Metadata => {
    const made = new Metadata();
    made.set(name, 'value');
    return made;
  };
  const unary: handleUnaryCall<Buffer, Buffer> = (call, answer) => {
    call.sendMetadata(metadata('x-initial'));
    const from = String(call.metadata.get('x-from')[0] ?? '');
    answer(null, Buffer.from(`${from}:${call.request.toString()}`));
  };
  const stream: handleBidiStreamingCall<Buffer, Buffer> = (call) => {
    call.sendMetadata(metadata('x-initial'));
    call.on('data', (message: Buffer) => call.write(Buffer.from(`re:${message.toString()}`)));
    call.on('end', () =>
      call.emit('error', {
        code: GrpcCode.PERMISSION_DENIED,
        details: 'because',
        metadata: metadata('x-trailing'),
      }),
    );
  };
  server.addService(
    {
      Unary: { path: '/sink.Service/Unary', requestStream: false, responseStream: false, ...bytes },
      Stream: { path: '/sink.Service/Stream', requestStream: true, responseStream: true, ...bytes },
    },
    { Unary: unary, Stream: stream },
  );
  const port = await new Promise<number>((resolve, reject) => {
    server.bindAsync('127.0.0.1:0', ServerCredentials.createInsecure(), (error, bound) => {
      if (error === null) resolve(bound);
      else reject(error);
    });
  });
  return { port, close: () => server.forceShutdown() };
}
