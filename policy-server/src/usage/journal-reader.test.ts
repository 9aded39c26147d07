import {
  chmodSync,
  existsSync,
  readdirSync,
  renameSync,
  statSync,
  symlinkSync,
  truncateSync,
  writeFileSync,
} from 'node:fs';
import { createServer, type Server } from 'node:http';
import { once } from 'node:events';
import { join } from 'node:path';
import { describe, expect, it, vi } from 'vitest';
import { journalLine } from './journal.fixture.js';
import { keptLog, SETTINGS, TestUsage } from './usage.fixture.js';

const from = { fromMs: 0 };

function line(consumer = 'worker-alice'): string {
  return `${journalLine({ consumer })}\n`;
}

/** An admin interface that does to the journal what Envoy does when it opens its logs anew. */
async function adminInterface(
  socket: string,
  journal: string,
): Promise<{ readonly server: Server; asked: string[] }> {
  const asked: string[] = [];
  const server = createServer((request, response) => {
    asked.push(`${request.method ?? ''} ${request.url ?? ''}`);
    writeFileSync(journal, '', { flag: 'a' });
    response.end('OK\n');
  });
  server.listen(socket);
  await once(server, 'listening');
  return { server, asked };
}

describe('reading a journal', () => {
  it('waits for the end of a line', async () => {
    await using test = new TestUsage();
    const text = line();
    test.append(text.slice(0, 50));
    await test.readAll();
    expect(test.usage.recordsOf(from)).toHaveLength(0);
    test.append(text.slice(50, -1));
    await test.readAll();
    expect(test.usage.recordsOf(from)).toHaveLength(0);
    test.append('\n');
    await test.readAll();
    expect(test.usage.recordsOf(from)).toHaveLength(1);
  });

  it('takes a line that is split within a character', async () => {
    await using test = new TestUsage();
    const bytes = Buffer.from(`${journalLine({ usage: { model: '☃模型😀' } })}\n`);
    for (let at = 0; at < bytes.length; at += 7) {
      test.append(bytes.subarray(at, at + 7));
      if (at % 49 === 0) await test.readAll();
    }
    await test.readAll();
    expect(test.usage.calls('worker-alice', undefined, 10)).toMatchObject([{ requestedModel: '☃模型😀' }]);
  });

  it('skips a line without end that is longer than what is read at once, also when stopped in it', async () => {
    await using test = new TestUsage();
    test.append(line());
    test.append('x'.repeat(200_000));
    await test.readAll();
    test.append('y'.repeat(200_000));
    test.append(`\n${line('worker-bob')}`);
    await test.readAll();
    expect(test.usage.recordsOf(from).map(({ consumer }) => consumer)).toEqual([
      'worker-alice',
      'worker-bob',
    ]);
  });

  it('starts again in a file that was emptied or replaced', async () => {
    await using test = new TestUsage();
    test.append(line() + line());
    await test.readAll();
    truncateSync(test.journal());
    test.append(line('worker-bob'));
    await test.readAll();
    expect(test.usage.recordsOf(from)).toHaveLength(3);
    renameSync(test.journal(), join(test.home, 'elsewhere'));
    test.append(line('worker-carol') + line() + line());
    await test.readAll();
    expect(test.usage.recordsOf(from)).toHaveLength(6);
  });

  it('starts again in a file that lost its end, and counts nothing twice', async () => {
    await using test = new TestUsage();
    const first = line();
    test.append(first + line() + line());
    await test.readAll();
    truncateSync(test.journal(), Buffer.byteLength(first));
    test.append(line('worker-bob'));
    await test.readAll();
    expect(test.usage.recordsOf(from).map(({ consumer }) => consumer)).toEqual([
      'worker-alice',
      'worker-alice',
      'worker-alice',
      'worker-bob',
    ]);
  });

  it('finds its place when the file has another name', async () => {
    await using test = new TestUsage();
    test.append(line() + line());
    await test.readAll();
    renameSync(test.journal(), `${test.journal()}.7`);
    await test.readAll();
    test.usage.start(() => null);
    await vi.waitFor(() => expect(test.usage.drainedAt('gateway-0')).not.toBeNull());
    expect(test.usage.metrics()).toMatchObject({ records: 0, duplicates: 0 });
  });

  it('tells of lines that hold no record, without showing them', async () => {
    const { log, lines } = keptLog();
    await using test = new TestUsage(log);
    test.append(`sk-secret\n${line()}{"id":"sk-secret"}\n`);
    test.usage.start(() => null);
    await vi.waitFor(() => expect(test.usage.metrics().records).toBe(1));
    expect(test.usage.metrics().malformed).toBe(2);
    const told = lines.filter((one) => one.includes('no records'));
    expect(JSON.parse(told[0]!)).toMatchObject({ node: 'gateway-0', lines: 2, problem: 'line is not JSON' });
    expect(lines.join('')).not.toContain('sk-secret');
  });

  it('closes journals to others, and reads nothing but files', async () => {
    await using test = new TestUsage();
    test.append(line());
    chmodSync(test.journal(), 0o644);
    writeFileSync(join(test.home, 'foreign'), line('worker-foreign'));
    symlinkSync(join(test.home, 'foreign'), test.journal('gateway-9'));
    writeFileSync(join(test.journals, 'notes.txt'), line('worker-foreign'));
    await test.readAll();
    expect(test.usage.recordsOf(from).map(({ consumer }) => consumer)).toEqual(['worker-alice']);
    expect(statSync(test.journal()).mode & 0o777).toBe(0o600);
    expect(statSync(test.journals).mode & 0o777).toBe(0o700);
  });

  it('stores a line soon after it was written', async () => {
    await using test = new TestUsage();
    test.usage.start(() => null);
    await vi.waitFor(() => expect(test.usage.metrics().lagSeconds).toBe(0));
    const startMs = performance.now();
    test.append(line());
    await vi.waitFor(() => expect(test.usage.recordsOf(from)).toHaveLength(1), {
      timeout: 5000,
      interval: 5,
    });
    // Less than the interval at which it looks for itself: it was told.
    expect(performance.now() - startMs).toBeLessThan(1500);
  });

  it('says up to when everything of a gateway is stored', async () => {
    await using test = new TestUsage();
    test.append(line());
    expect(test.usage.drainedAt('gateway-0')).toBeNull();
    test.usage.start(() => null);
    await vi.waitFor(() => expect(test.usage.drainedAt('gateway-0')).toBe(test.clock.nowMs()));
    expect(test.usage.recordsOf(from)).toHaveLength(1);
    expect(test.usage.drainedAt('gateway-1')).toBeNull();
    test.clock.advance(5000);
    test.append(line());
    await vi.waitFor(() => expect(test.usage.drainedAt('gateway-0')).toBe(test.clock.nowMs()));
    expect(test.usage.recordsOf(from)).toHaveLength(2);
  });
});

describe('a journal that has grown large', () => {
  it('is put aside, read to its end and deleted, without losing a line', async () => {
    await using test = new TestUsage();
    const socket = join(test.home, 'admin.sock');
    const { server, asked } = await adminInterface(socket, test.journal());
    const many = 200;
    test.append(Array.from({ length: many }, () => line()).join(''));
    expect(statSync(test.journal()).size).toBeGreaterThan(SETTINGS.journalBytes);
    test.usage.start(() => socket);
    await vi.waitFor(() => expect(readdirSync(test.journals)).toEqual(['gateway-0.jsonl']), {
      timeout: 5000,
    });
    await vi.waitFor(() => expect(statSync(test.journal()).size).toBe(0), { timeout: 5000 });
    test.append(line('worker-bob'));
    await vi.waitFor(() => expect(test.usage.recordsOf(from)).toHaveLength(many + 1), { timeout: 5000 });
    expect(asked).toEqual(['POST /reopen_logs']);
    server.close();
  });

  it('stays when its gateway cannot be reached', async () => {
    await using test = new TestUsage();
    test.append(Array.from({ length: 200 }, () => line()).join(''));
    await test.readAll();
    expect(readdirSync(test.journals)).toEqual(['gateway-0.jsonl']);
  });

  it('is written on until its gateway has opened the new one, whoever stops meanwhile', async () => {
    await using test = new TestUsage();
    const old = `${test.journal()}.1`;
    writeFileSync(old, line());
    await test.readAll();
    writeFileSync(old, line(), { flag: 'a' });
    await test.readAll();
    expect(existsSync(old)).toBe(true);
    writeFileSync(old, `${line()}${line().slice(0, 40)}`, { flag: 'a' });
    test.append(line());
    await test.readAll();
    expect(existsSync(old)).toBe(false);
    expect(test.usage.recordsOf(from)).toHaveLength(4);
  });

  it('gives its last record also without the line end', async () => {
    await using test = new TestUsage();
    writeFileSync(`${test.journal()}.1`, `${line()}${line('worker-bob').trimEnd()}`);
    test.append('');
    await test.readAll();
    expect(readdirSync(test.journals)).toEqual(['gateway-0.jsonl']);
    expect(test.usage.recordsOf(from).map(({ consumer }) => consumer)).toEqual([
      'worker-alice',
      'worker-bob',
    ]);
  });

  it('is deleted when it holds nothing', async () => {
    await using test = new TestUsage();
    writeFileSync(`${test.journal()}.1`, '');
    test.append('');
    await test.readAll();
    expect(readdirSync(test.journals)).toEqual(['gateway-0.jsonl']);
  });
});
