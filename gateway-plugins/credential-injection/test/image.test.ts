import { writeInjectionImage } from '@hiclaw/policy-image';
import { injectionPolicy } from '@hiclaw/policy-image/arbitraries';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { stampChecksum } from '../../../packages/policy-image/src/checksum.js';
import { credential, imageOf, KEY, OPENAI, Replica, SECRET, sent, upstream } from './support/replica.js';

describe('the image', () => {
  const sound = imageOf(
    [credential('c/1'), credential('c/2', { placement: 'query', name: 'k' })],
    [upstream({ bindings: [{ consumer: 'worker-alice', credential: 'c/1' }] })],
  );
  const refusedFor = (bytes: Uint8Array, environment?: Readonly<Record<string, string>>): boolean =>
    !new Replica(bytes, environment).plugin.accepted;

  it('is refused for every flipped bit and every other length, and the one before stays', () => {
    const replica = new Replica(sound);
    for (let bit = 0; bit < sound.length * 8; bit++) {
      const damaged = Uint8Array.from(sound);
      damaged[bit >> 3] = (damaged[bit >> 3] ?? 0) ^ (1 << (bit & 7));
      expect(replica.push(damaged), `bit ${bit}`).toBe(false);
    }
    for (let length = 1; length < sound.length; length++)
      expect(replica.push(sound.subarray(0, length))).toBe(false);
    expect(sent(replica.attempt(OPENAI), 'authorization')).toBe(`Bearer ${SECRET}`);
    expect(JSON.stringify(replica.host.logs.map(({ message }) => message))).not.toContain('sk-');
  });

  it('is refused with another key, a damaged key or none', () => {
    for (const key of [
      '',
      'zz'.repeat(32),
      KEY.toString('hex').slice(1),
      `${KEY.toString('hex')}00`,
      Buffer.alloc(32, 8).toString('hex'),
    ]) {
      expect(refusedFor(sound, { HICLAW_GATEWAY_KEY: key })).toBe(true);
    }
    expect(refusedFor(sound, {})).toBe(true);
    expect(refusedFor(sound, { XHICLAW_GATEWAY_KEY: KEY.toString('hex') })).toBe(true);
    expect(refusedFor(sound, { HICLAW_GATEWAY_KEY: KEY.toString('hex').toUpperCase() })).toBe(false);
  });

  it('is refused whole when one sealed value was exchanged for another or bound to another id', () => {
    const cases = fc.tuple(
      injectionPolicy.filter(({ credentials }) => credentials.length > 0),
      fc.nat(),
      fc.nat(0xffffffff),
    );
    let accepted = 0;
    fc.assert(
      fc.property(cases, ([policy, place, value]) => {
        const bytes = writeInjectionImage(policy, KEY);
        expect(refusedFor(bytes)).toBe(false);
        bytes.writeUInt32LE(value, 28 + (place % ((bytes.length - 28) >> 2)) * 4);
        stampChecksum(bytes);
        const replica = new Replica(bytes);
        if (!replica.plugin.accepted) return;
        accepted++;
        for (const { key, host } of policy.upstreams) replica.attempt(`${key} ${host}`).end();
      }),
      { numRuns: 2_000 },
    );
    expect(accepted).toBeGreaterThan(50);
  });

  it('is confirmed once, then the timer stops', () => {
    const replica = new Replica(sound);
    replica.host.advance(5_000);
    expect(replica.host.httpCallouts.map(({ headers }) => headers.get(':path'))).toEqual([
      expect.stringMatching(/^\/applied\?plugin=credential-injection&version=5&vm=[0-9a-f]{16}$/),
    ]);
    expect(replica.plugin.tickPeriodMs).toBe(0);
  });

  it('changes 10,000 times without memory growing, and leaves no secret of the past behind', () => {
    const images = ['first-secret', 'second-secret-that-is-longer', 'x'].map((value) =>
      imageOf([credential('c/1', { value: Buffer.from(value) })], [upstream()]),
    );
    const replica = new Replica(
      imageOf([credential('c/1', { value: Buffer.from('the-very-first') })], [upstream()]),
    );
    const before = replica.vm.memorySize;
    for (let i = 0; i < 10_000; i++) {
      const next = images[i % 3];
      if (next === undefined || !replica.push(next)) throw new Error('refused');
      if (i % 100 === 0) replica.host.advance(1);
    }
    expect(replica.vm.memorySize).toBe(before);
    const memory = Buffer.from(replica.vm.memory.bytes(0, replica.vm.memorySize, 'all'));
    expect(memory.includes('first-secret')).toBe(true);
    expect(memory.includes('the-very-first')).toBe(false);
    expect(memory.includes('second-secret-that-is-longer')).toBe(false);
  });
});
