import { inspect } from 'node:util';
import { describe, expect, it } from 'vitest';
import { Secret } from './secret.js';

describe('Secret', () => {
  const secret = new Secret('sk-very-real');

  it('gives its value only by expose', () => {
    expect(secret.expose()).toBe('sk-very-real');
  });

  it.each([
    ['template', () => ['', secret].join('')],
    ['concatenation', () => 'a' + String(secret)],
    ['JSON', () => JSON.stringify({ nested: [secret] })],
    ['inspect', () => inspect({ nested: { secret } }, { depth: 9, showHidden: true })],
    ['keys', () => JSON.stringify(Object.getOwnPropertyNames(secret))],
    ['error cause', () => inspect(new Error('x', { cause: secret }))],
  ])('hides its value from %s', (_name, show) => {
    expect(show()).not.toContain('sk-very-real');
  });
});
