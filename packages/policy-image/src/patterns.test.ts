import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { literalBytes, matchModelPattern, matchPathPattern } from './patterns.js';

const pattern = fc.string({ unit: fc.constantFrom('a', 'b', '/', '*', '.', '😀'), maxLength: 8 });
const text = fc.string({ unit: fc.constantFrom('a', 'b', '/', '.', '😀'), maxLength: 8 });

function asRegExp(source: string, star: string): RegExp {
  const parts = source.match(/\*\*|\*|[^*]+/g) ?? [];
  const body = parts.map((part) => {
    if (part === '*') return star;
    return part === '**' ? '[^]*' : part.replace(/[.*+?^${}()|[\]\\]/g, '\\$&');
  });
  return new RegExp(`^${body.join('')}$`);
}

describe('patterns', () => {
  it('match models like a regular expression', () => {
    fc.assert(
      fc.property(pattern, text, (p, t) => {
        expect(matchModelPattern(p, t)).toBe(asRegExp(p, '[^]*').test(t));
      }),
      { numRuns: 5000 },
    );
  });

  it('match paths like a regular expression whose * stops at a slash', () => {
    fc.assert(
      fc.property(pattern, text, (p, t) => {
        expect(matchPathPattern(p, t)).toBe(asRegExp(p, '[^/]*').test(t));
      }),
      { numRuns: 5000 },
    );
  });

  it.each([
    ['/repos/**', '/repos/', true],
    ['/repos/**', '/repos', false],
    ['/repos/*', '/repos/a', true],
    ['/repos/*', '/repos/a/b', false],
    ['/repos/*/issues', '/repos//issues', true],
    ['/**/issues', '/a/b/issues', true],
    ['/**/issues', '/issues', false],
    ['/a*b', '/ab', true],
    ['', '', true],
    ['*', '', true],
  ])('path %j on %j: %s', (p, t, expected) => {
    expect(matchPathPattern(p, t)).toBe(expected);
  });

  it('take time that is no more than pattern times text', () => {
    const started = performance.now();
    expect(matchModelPattern(`${'*a'.repeat(100)}b`, 'a'.repeat(256))).toBe(false);
    expect(performance.now() - started).toBeLessThan(1000);
  });

  it('count literal bytes', () => {
    expect(['*', 'gpt-4*', '*é*'].map(literalBytes)).toEqual([0, 5, 2]);
  });
});
