/**
 * The upstream of the stream benchmark: answers each request with `CHUNKS` events, one each `INTERVAL_MS`, each in an
 * HTTP chunk of its own and stamped with the time of its writing (CLOCK_MONOTONIC, which all processes share).
 */
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';

const chunks = Number(process.env['CHUNKS']);
const intervalMs = Number(process.env['INTERVAL_MS']);
const filler = 'x'.repeat(160);

const server = createServer((request, response) => {
  request.resume();
  response.writeHead(200, { 'content-type': 'text/event-stream' });
  response.flushHeaders();
  let sent = 0;
  const timer = setInterval(() => {
    response.write(`data: {"at":${process.hrtime.bigint()},"delta":"${filler}"}\n\n`);
    if (++sent < chunks) return;
    clearInterval(timer);
    response.end('data: [DONE]\n\n');
  }, intervalMs);
  response.on('close', () => clearInterval(timer));
});
server.listen(0, '127.0.0.1', () => process.send?.((server.address() as AddressInfo).port));
process.on('disconnect', () => process.exit(0));
