/**
 * What a careful person writes when Envoy's ext_authz asks a Node server: digest of the token, look-up, the real
 * credential handed back in a header. Environment: `TOKEN`, `CREDENTIAL`.
 */
import { createHash } from 'node:crypto';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';

const { TOKEN = '', CREDENTIAL = '' } = process.env;
const digest = (token: string): string => createHash('sha256').update(token).digest('base64');
const consumers = new Map([[digest(TOKEN), 'worker-bench']]);

const server = createServer((request, response) => {
  const token = (request.headers.authorization ?? '').slice('Bearer '.length);
  const consumer = consumers.get(digest(token));
  if (consumer === undefined) {
    response.writeHead(401).end();
    return;
  }
  response.writeHead(200, { authorization: `Bearer ${CREDENTIAL}`, 'content-length': 0 });
  response.end();
});
server.keepAliveTimeout = 3_600_000;
server.listen(0, '127.0.0.1', () => process.send?.((server.address() as AddressInfo).port));
process.on('disconnect', () => process.exit(0));
