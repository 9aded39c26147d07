import { Client } from '@modelcontextprotocol/sdk/client/index.js';
import { StreamableHTTPClientTransport } from '@modelcontextprotocol/sdk/client/streamableHttp.js';
import { afterAll, describe, expect, it } from 'vitest';
import { startMcpEverything } from './mcp-everything.js';

const server = await startMcpEverything();
afterAll(() => server.close());

describe('the example MCP server', () => {
  it('answers the official client on loopback, and its requests are recorded', async () => {
    const client = new Client({ name: 'test', version: '1.0.0' });
    const headers = { authorization: 'Bearer pat-real' };
    const transport = new StreamableHTTPClientTransport(new URL(server.url), { requestInit: { headers } });
    await client.connect(transport);
    const { tools } = await client.listTools();
    expect(tools.map((tool) => tool.name)).toContain('echo');
    const answer = await client.callTool({ name: 'echo', arguments: { message: 'hi' } });
    expect(answer.content).toMatchObject([{ type: 'text', text: 'Echo: hi' }]);
    await client.close();
    expect(server.requests.length).toBeGreaterThan(2);
    for (const request of server.requests) expect(request.header('authorization')).toBe('Bearer pat-real');
  });
});
