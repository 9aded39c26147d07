import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { redact } from './redact.js';

const KEY = 'sk-proj-Ab12Cd34Ef56Gh78';

describe('redact', () => {
  it.each([
    ['the key', `Incorrect API key provided: ${KEY}.`],
    ['its beginning', 'Incorrect API key provided: sk-proj-Ab12 was refused'],
    ['its end', 'key ending with Ef56Gh78'],
    ['masked by the service', 'Incorrect API key provided: sk-pr***********Gh78.'],
    ['in base64', `got Basic ${Buffer.from(KEY).toString('base64')}`],
    ['in a header', `Bearer ${KEY}`],
    ['broken by a line', `key ${KEY.slice(0, 12)}\n${KEY.slice(12)}`],
    ['behind much text', `${'x '.repeat(140)}${KEY}`],
  ])('takes out a key: %s', (_case, text) => {
    const shown = redact(text, [KEY]);
    expect(shown).not.toMatch(/Ab12|Gh78|Ef56|sk-proj/);
    expect(shown.length).toBeLessThanOrEqual(301);
  });

  it('takes out what needs escapes', () => {
    const odd = 'p"ss w/rd+%é';
    expect(redact(`url ?k=${encodeURIComponent(odd)} json ${JSON.stringify(odd)}`, [odd])).toBe(
      'url ?k=[redacted] json "[redacted]"',
    );
  });

  it('takes out short secrets as a whole', () => {
    expect(redact('the key abc is wrong', ['abc'])).toBe('the key [redacted] is wrong');
  });

  it('leaves the rest as it is, on one line', () => {
    expect(redact('The model\r\n\u0007 `gpt-5` does   not exist', [KEY])).toBe(
      'The model `gpt-5` does not exist',
    );
    expect(redact('', [KEY])).toBe('');
  });

  it('never shows six characters of a secret in a row', () => {
    const secret = fc.string({
      unit: fc.constantFrom('a', 'b', 'A', 'B', '0', '1', '-', '_'),
      minLength: 8,
      maxLength: 40,
    });
    fc.assert(
      fc.property(secret, fc.string({ maxLength: 50 }), fc.nat(40), (key, around, cut) => {
        const shown = redact(`${around}${key.slice(0, Math.max(6, cut))}${around}`, [key]);
        for (let at = 0; at + 6 <= key.length; at++) {
          const part = key.slice(at, at + 6);
          if (!around.includes(part)) expect(shown.includes(part)).toBe(false);
        }
      }),
    );
  });
});
