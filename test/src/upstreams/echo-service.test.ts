import { request } from 'undici';
import { afterAll, describe, expect, it } from 'vitest';
import { startEchoService } from './echo-service.js';

const service = await startEchoService();
afterAll(() => service.close());

describe('echo service', () => {
  it('answers with what it got', async () => {
    const answer = await request(`${service.origin}/repos/a?b=c`, {
      method: 'PUT',
      body: 'text',
      headers: { 'x-a': '1' },
    });
    const echoed = (await answer.body.json()) as { headers: [string, string][] };
    expect(echoed).toMatchObject({ method: 'PUT', url: '/repos/a?b=c', body: 'text' });
    expect(echoed.headers).toContainEqual(['x-a', '1']);
  });

  it('pretends a status and a stream', async () => {
    const failed = await request(`${service.origin}/pretend-status-503`);
    expect(failed.statusCode).toBe(503);
    await failed.body.dump();
    const streamed = await request(`${service.origin}/pretend-chunks-2-stream`);
    expect(await streamed.body.text()).toBe('data: {"index":0}\n\ndata: {"index":1}\n\n');
  });
});
