import { describe, expect, it } from 'vitest';
import { readClaims, readSpeaker, writeAnswers, writeRecalls } from './lease-wire.js';

const VM = '0123456789abcdef';
const BOOT = 'fedcba9876543210';
const LINE = 'worker-alice 1 1700000040 3 100 90 512 1024';

describe('a speaker', () => {
  it('is a VM of a process of a gateway', () => {
    expect(readSpeaker('/leases', `/leases?vm=${VM}&boot=${BOOT}`, 'gateway-0')).toEqual({
      node: 'gateway-0',
      boot: BOOT,
      vm: VM,
    });
  });

  it.each([
    ['another path', `/leasesx?vm=${VM}&boot=${BOOT}`, 'gateway-0'],
    ['no query', '/leases', 'gateway-0'],
    ['no boot', `/leases?vm=${VM}`, 'gateway-0'],
    ['more than that', `/leases?vm=${VM}&boot=${BOOT}&x=1`, 'gateway-0'],
    ['twice the same', `/leases?vm=${VM}&vm=${VM}&boot=${BOOT}`, 'gateway-0'],
    ['capitals', `/leases?vm=${VM.toUpperCase()}&boot=${BOOT}`, 'gateway-0'],
    ['a long one', `/leases?vm=${VM}&boot=${BOOT}${'0'.repeat(200)}`, 'gateway-0'],
    ['no node', `/leases?vm=${VM}&boot=${BOOT}`, undefined],
    ['a strange node', `/leases?vm=${VM}&boot=${BOOT}`, 'a b'],
  ])('is not %s', (_, url, node) => {
    expect(readSpeaker('/leases', url, node)).toBeNull();
  });
});

describe('claims', () => {
  it('say all that a gateway knows', () => {
    expect(readClaims(`${LINE}\nworker-bob 5 0 0 0 0 1 1\n`)).toEqual([
      {
        consumer: 'worker-alice',
        meter: 'tokens-minute',
        windowEndMs: 1_700_000_040_000,
        generation: 3,
        allowance: 100n,
        used: 90n,
        need: 512n,
        want: 1024n,
      },
      expect.objectContaining({ consumer: 'worker-bob', meter: 'usd-month', need: 1n }),
    ]);
  });

  it.each([
    ['nothing', ''],
    ['an empty line', '\n'],
    ['a line without end', LINE],
    ['two spaces', `${LINE.replace(' ', '  ')}\n`],
    ['a word too few', `${LINE.replace(' 1024', '')}\n`],
    ['a word too many', `${LINE} 1\n`],
    ['no name', `Worker${LINE.slice(6)}\n`],
    ['a prototype', `__proto__ 1 0 0 0 0 1 1\n`],
    ['an unknown meter', `${LINE.replace(' 1 ', ' 6 ')}\n`],
    ['a negative amount', `${LINE.replace('512', '-512')}\n`],
    ['a fraction', `${LINE.replace('512', '51.2')}\n`],
    ['a leading zero', `${LINE.replace('512', '0512')}\n`],
    ['a number of no size', `${LINE.replace('512', '9223372036854775808')}\n`],
    ['less wanted than needed', `${LINE.replace('1024', '511')}\n`],
    ['a generation beyond 32 bits', `${LINE.replace(' 3 ', ' 4294967296 ')}\n`],
    ['a carriage return', `${LINE}\r\n`],
    ['a NUL', `${LINE}\0\n`],
    ['too many', `${LINE}\n`.repeat(513)],
  ])('are not %s', (_, body) => {
    expect(readClaims(body)).toBeNull();
  });
});

describe('what gateways are told', () => {
  it('is a line for each account', () => {
    const lease = { node: 'g', boot: BOOT, generation: 3, allowance: 612n, used: 90n, reportedAtMs: 0 };
    const decision = {
      lease,
      windowEndMs: 1_700_000_040_000,
      available: 7n,
      satisfied: true,
      complete: true,
    };
    const key = { consumer: 'worker-alice', meter: 'tokens-minute' } as const;
    expect(writeAnswers([{ ...key, decision, cap: 1000n }], 1_700_000_000_500)).toBe(
      'worker-alice 1 1700000040 3 612 7 1000 39500 1\n',
    );
    expect(writeRecalls([{ ...key, windowEndMs: 1_700_000_040_000, wish: 'give' }])).toBe(
      'worker-alice 1 1700000040 give\n',
    );
  });
});
