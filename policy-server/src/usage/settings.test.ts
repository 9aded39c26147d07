import { readEnvironment } from '@hiclaw/service-kit';
import { describe, expect, it } from 'vitest';
import { DEFAULT_USAGE_SETTINGS, readUsageSettings, usageEnvironment } from './settings.js';

describe('settings of usage', () => {
  it('survive the way through an environment', () => {
    const settings = { callDays: 1, minuteDays: 3, hourDays: 5, dayDays: 62, journalBytes: 65_536 };
    expect(readUsageSettings(readEnvironment(usageEnvironment(settings)))).toEqual(settings);
    expect(readUsageSettings(readEnvironment({}), settings)).toEqual(settings);
    expect(readUsageSettings(readEnvironment({}))).toEqual(DEFAULT_USAGE_SETTINGS);
  });

  it.each([
    ['HICLAW_USAGE_CALL_DAYS', '0'],
    ['HICLAW_USAGE_MINUTE_DAYS', '36601'],
    ['HICLAW_USAGE_HOUR_DAYS', 'ever'],
    ['HICLAW_USAGE_DAY_DAYS', '61'],
    ['HICLAW_USAGE_JOURNAL_BYTES', '65535'],
  ])('refuse %s=%s', (name, value) => {
    expect(() => readUsageSettings(readEnvironment({ [name]: value }))).toThrow(name);
  });
});
