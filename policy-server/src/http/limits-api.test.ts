import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { TestApi } from './api.fixture.js';

let api: TestApi;
beforeAll(async () => {
  api = await TestApi.start();
});
afterAll(() => api[Symbol.asyncDispose]());

describe('GET /consumers/{name}/limits', () => {
  it('says what is left of each limit', async () => {
    const limits = {
      requestsPerMinute: 60,
      budgets: [
        { per: 'day', usd: 2.5 },
        { per: 'month', tokens: 1_000_000 },
      ],
    };
    const put = await api.send({
      method: 'PUT',
      path: '/api/v1/consumers/alice',
      body: { metadata: { name: 'alice' }, spec: { limits } },
    });
    expect(put.status).toBe(201);
    const { status, body } = await api.send({ path: '/api/v1/consumers/alice/limits' });
    expect(status).toBe(200);
    const untouched = (cap: string | number) => ({
      cap,
      used: typeof cap === 'string' ? '0' : 0,
      reserved: typeof cap === 'string' ? '0' : 0,
      remaining: cap,
      resetsAt: expect.stringMatching(/^\d{4}-\d\d-\d\dT\d\d:\d\d:00\.000Z$/) as unknown,
    });
    expect(body).toEqual({
      consumer: 'alice',
      items: [
        { unit: 'requests', per: 'minute', ...untouched(60) },
        { unit: 'tokens', per: 'month', ...untouched(1_000_000) },
        { unit: 'usd', per: 'day', ...untouched('2.5') },
      ],
    });
  });

  it('says nothing of what has none, and knows nobody else', async () => {
    await api.send({ method: 'PUT', path: '/api/v1/consumers/bob', body: { metadata: { name: 'bob' } } });
    expect((await api.send({ path: '/api/v1/consumers/bob/limits' })).body).toEqual({
      consumer: 'bob',
      items: [],
    });
    expect((await api.send({ path: '/api/v1/consumers/carol/limits' })).status).toBe(404);
    expect((await api.send({ path: '/api/v1/consumers/BOB/limits' })).status).toBe(400);
    expect((await api.send({ path: '/api/v1/consumers/bob/limits?x=1' })).status).toBe(400);
    expect((await api.send({ path: '/api/v1/consumers/bob/limits', token: null })).status).toBe(401);
  });
});
