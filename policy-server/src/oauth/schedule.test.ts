import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { isExpired, renewalTimeMs, retryDelayMs } from './schedule.js';

const chance = fc.double({ min: 0, max: 0.999_999, noNaN: true });

describe('renewalTimeMs', () => {
  it('lies between 70 and 80 % of the lifetime', () => {
    fc.assert(
      fc.property(fc.integer({ min: 60, max: 1e7 }), chance, (lifetime, random) => {
        const state = { obtainedAt: 1000, expiresAt: 1000 + lifetime, suspended: false };
        const share = (renewalTimeMs(state, () => random) / 1000 - 1000) / lifetime;
        expect(share).toBeGreaterThanOrEqual(0.699);
        expect(share).toBeLessThanOrEqual(0.801);
      }),
    );
  });

  it('never comes again within five seconds, however short the lifetime is', () => {
    const state = { obtainedAt: 1000, expiresAt: 1001, suspended: false };
    expect(renewalTimeMs(state, () => 0)).toBe(1_005_000);
  });

  it('takes an hour where the server names no end, and is at once where there is no token', () => {
    expect(renewalTimeMs({ obtainedAt: 1, expiresAt: 0, suspended: false }, () => 0)).toBe(1000 + 2_520_000);
    expect(renewalTimeMs({ obtainedAt: 0, expiresAt: 0, suspended: true }, () => 1)).toBe(0);
  });
});

describe('retryDelayMs', () => {
  it('doubles up to five minutes, with a random half of it', () => {
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 1e6 }), chance, (failures, random) => {
        const delay = retryDelayMs(failures, false, () => random);
        const full = Math.min(300_000, 1000 * 2 ** Math.min(20, failures - 1));
        expect(delay).toBeGreaterThanOrEqual(full / 2);
        expect(delay).toBeLessThanOrEqual(full);
      }),
    );
  });

  it('is long where a repetition does not help', () => {
    expect(retryDelayMs(1, true, () => 0)).toBe(1_800_000);
  });
});

describe('isExpired', () => {
  it.each([
    ['before its end', { obtainedAt: 1, expiresAt: 10 }, 9999, false],
    ['at its end', { obtainedAt: 1, expiresAt: 10 }, 10_000, true],
    ['without an end', { obtainedAt: 1, expiresAt: 0 }, 1e12, false],
    ['without a token', { obtainedAt: 0, expiresAt: 0 }, 1e12, false],
  ])('%s', (_case, state, nowMs, expired) => {
    expect(isExpired({ ...state, suspended: false }, nowMs)).toBe(expired);
  });
});
