import { describe, expect, it } from 'vitest';
import { readConfirmation } from './callback-server.js';
import { Confirmations } from './confirmations.js';
import { certificateProblem } from './certificates.js';
import { errorText } from './error-text.js';
import { formatVersion, parseVersion } from './held-versions.js';
import { checkSocketPath } from './socket-path.js';

const HASH = '0123456789abcdef'.repeat(2);

describe('readConfirmation', () => {
  const good = '/applied?plugin=key-auth&version=7&vm=0123456789abcdef';

  it('reads what plugins send', () => {
    const vm = '0123456789abcdef';
    expect(readConfirmation(good, 'gateway-0')).toEqual({
      node: 'gateway-0',
      plugin: 'key-auth',
      version: 7n,
      vm,
    });
    const huge = good.replace('=7', '=18446744073709551615');
    expect(readConfirmation(huge, 'gateway-0')?.version).toBe(18446744073709551615n);
  });

  it.each([
    [good, undefined],
    [good, ''],
    [good, 'a b'],
    [good, 'a'.repeat(129)],
    ['/applied', 'g'],
    ['/other?plugin=key-auth&version=7&vm=0123456789abcdef', 'g'],
    [`${good}&x=1`, 'g'],
    [`${good}&version=8`, 'g'],
    [good.replace('key-auth', 'other'), 'g'],
    [good.replace('=7', '=07'), 'g'],
    [good.replace('=7', '=-7'), 'g'],
    [good.replace('=7', '=7e1'), 'g'],
    [good.replace('=7', '='), 'g'],
    [good.replace('abcdef', 'ABCDEF'), 'g'],
    [good.slice(0, -1), 'g'],
    [`${good}${'x'.repeat(300)}`, 'g'],
  ])('refuses %s from %s', (url, node) => {
    expect(readConfirmation(url, node)).toBeNull();
  });
});

describe('Confirmations', () => {
  it('counts VMs by the version they run, each once', () => {
    const confirmations = new Confirmations();
    confirmations.add('key-auth', 'a', 1n);
    confirmations.add('key-auth', 'b', 1n);
    confirmations.add('key-auth', 'b', 1n);
    confirmations.add('credential-injection', 'c', 1n);
    expect(confirmations.count('key-auth', 1n)).toBe(2);
    confirmations.add('key-auth', 'a', 2n);
    expect(confirmations.count('key-auth', 1n)).toBe(1);
    expect(confirmations.count('key-auth', 2n)).toBe(1);
    confirmations.clear();
    expect(confirmations.count('key-auth', 2n)).toBe(0);
  });

  it('does not grow without bound', () => {
    const confirmations = new Confirmations();
    for (let i = 0; i < 10_000; i++) confirmations.add('key-auth', String(i), 1n);
    expect(confirmations.count('key-auth', 1n)).toBe(4096);
  });
});

describe('errorText', () => {
  it('keeps what says what is wrong', () => {
    expect(errorText('Unable to create Wasm plugin key-auth')).toBe('Unable to create Wasm plugin key-auth');
  });

  it('drops whatever may be content', () => {
    const bytes = `value: "HKA1\\001\\000\\"${'x'.repeat(100)}"`;
    expect(errorText(`rejected ${bytes} so`)).toBe('rejected value: "…" so');
    expect(errorText(`rejected ${bytes.slice(0, -1)}`)).toBe('rejected value: "…"');
    expect(errorText(`a ${'QUJD'.repeat(20)}== b`)).toBe('a … b');
    expect(errorText('a\\377\\200\\001b')).toBe('a…b');
    expect(errorText('two\nlines\u0000\u2028end')).toBe('two lines end');
    expect(errorText('word '.repeat(200)).length).toBeLessThanOrEqual(401);
  });
});

describe('held versions', () => {
  it('can be read back', () => {
    const held = new Map([
      ['key-auth', HASH],
      ['credential-injection', HASH.replace('0', 'f')],
    ]);
    expect(parseVersion(formatVersion(held))).toEqual(held);
    const whole = new Map([['*', HASH]]);
    expect(parseVersion(formatVersion(whole))).toEqual(whole);
  });

  it.each(['', 'x', 'key-auth', 'key-auth=', `=${HASH}`, `key-auth=${HASH}0`, 'a'.repeat(2000)])(
    'takes "%s" for nothing held',
    (text) => {
      expect([...parseVersion(text)]).toEqual([]);
    },
  );
});

describe('certificateProblem', () => {
  it.each([
    ['', 'holds no PEM certificate'],
    ['-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n', 'certificate 1 cannot be read'],
  ])('finds what is wrong with %j', (pem, problem) => {
    expect(certificateProblem(pem)).toBe(problem);
  });
});

describe('checkSocketPath', () => {
  it('says what helps when the kernel would cut the path', () => {
    expect(() => {
      checkSocketPath(`/${'a'.repeat(102)}`);
    }).not.toThrow();
    expect(() => {
      checkSocketPath(`/${'a'.repeat(103)}`);
    }).toThrow('choose a shorter HICLAW_HOME');
  });
});
