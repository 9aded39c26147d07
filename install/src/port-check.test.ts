import { type AddressInfo, createServer } from 'node:net';
import { expect, it } from 'vitest';
import { checkPort } from './port-check.js';

it('names the port, who holds it, and the variable to change', async () => {
  const server = createServer();
  await new Promise<void>((settle) => server.listen(0, '127.0.0.1', settle));
  const { port } = server.address() as AddressInfo;
  const wanted = { what: 'API', bind: '127.0.0.1', port, variable: 'HICLAW_API_PORT' };
  await expect(checkPort(wanted)).rejects.toThrow(
    new RegExp(
      `Port ${port} on 127.0.0.1, wanted for the API, is in use by process ${process.pid} .*HICLAW_API_PORT`,
    ),
  );
  await new Promise((settle) => server.close(settle));
  await checkPort(wanted);
});

it('names HICLAW_BIND for an address that is not of this machine', async () => {
  const wanted = { what: 'API', bind: '192.0.2.1', port: 18_001, variable: 'HICLAW_API_PORT' };
  await expect(checkPort(wanted)).rejects.toThrow(/set HICLAW_BIND/);
});
