import { X509Certificate } from 'node:crypto';
import { connect, createServer, type TLSSocket } from 'node:tls';
import { once } from 'node:events';
import { describe, expect, it } from 'vitest';
import { createCertificateAuthority, type ServerCertificate } from './certificate-authority.js';

const authority = createCertificateAuthority();

describe('throw-away certificate authority', () => {
  it('issues what Node reads back and its own certificate verifies', () => {
    const leaf = new X509Certificate(authority.issue({ names: ['api.test', '127.0.0.1'] }).cert);
    const root = new X509Certificate(authority.cert);
    expect(root.ca).toBe(true);
    expect(leaf.ca).toBe(false);
    expect(leaf.verify(root.publicKey)).toBe(true);
    expect(leaf.checkIssued(root)).toBe(true);
    expect(leaf.checkHost('api.test')).toBe('api.test');
    expect(leaf.checkHost('other.test')).toBeUndefined();
    expect(leaf.checkIP('127.0.0.1')).toBe('127.0.0.1');
  });

  it('lets a TLS client that trusts it connect', async () => {
    expect(await handshake(authority.issue({ names: ['localhost'] }), authority.cert)).toBe('connected');
  });

  it.each([
    ['another authority', createCertificateAuthority().cert, {}, /UNABLE_TO_VERIFY/],
    ['a certificate that has ended', authority.cert, { notAfter: new Date(Date.now() - 1000) }, /EXPIRED/i],
    ['another name', authority.cert, { names: ['elsewhere.test'] }, /ALTNAME/],
  ])('makes a TLS client refuse %s', async (_case, ca, options, reason) => {
    expect(await handshake(authority.issue({ names: ['localhost'], ...options }), ca)).toMatch(reason);
  });
});

/** `connected`, or why the client refused the server's certificate. */
async function handshake(certificate: ServerCertificate, ca: string): Promise<string> {
  const server = createServer({ ...certificate }, (socket) => socket.on('error', () => socket.destroy()));
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const address = server.address();
  if (address === null || typeof address === 'string') throw new Error('no port');
  const client: TLSSocket = connect({ host: '127.0.0.1', port: address.port, servername: 'localhost', ca });
  const outcome = await new Promise<string>((resolve) => {
    client.once('secureConnect', () => resolve('connected'));
    client.once('error', (error: Error & { code?: string }) =>
      resolve(`${error.code ?? ''} ${error.message}`),
    );
  });
  client.destroy();
  server.close();
  return outcome;
}
