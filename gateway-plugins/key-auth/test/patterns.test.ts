import fc from 'fast-check';
import path from 'node:path';
import { beforeAll, describe, expect, it } from 'vitest';
import { COMPILE_TIMEOUT_MS, loadModule, type TestModule } from '../../policy/test/load-module.js';

let module: TestModule;
let room: number;

beforeAll(async () => {
  module = await loadModule(path.resolve(import.meta.dirname, '../assembly/pure.ts'));
  room = module.call('allocate', 1 << 16);
}, COMPILE_TIMEOUT_MS);

function put(text: string, at: number): readonly [number, number] {
  const bytes = Buffer.from(text, 'latin1');
  module.memory().set(bytes, room + at);
  return [room + at, bytes.length];
}

const matches = (name: string, pattern: string, text: string): boolean =>
  module.call(name, ...put(pattern, 0), ...put(text, 4096)) === 1;
const quoted = (text: string): string => text.replace(/[.*+?^${}()|[\]\\/]/g, '\\$&');

describe('model patterns', () => {
  it('are any run of bytes for each star', () => {
    const alphabet = (extra: string): fc.Arbitrary<string> =>
      fc.string({ unit: fc.constantFrom('a', 'b', extra), maxLength: 12 });
    fc.assert(
      fc.property(alphabet('*'), alphabet('c'), (pattern, name) => {
        const reference = new RegExp(`^${pattern.split('*').map(quoted).join('.*')}$`, 's');
        expect(matches('matchesModel', pattern, name)).toBe(reference.test(name));
      }),
      { numRuns: 5_000 },
    );
  });

  it('count what is literal', () => {
    expect(module.call('literalBytes', ...put('gpt-4*o*', 0))).toBe(6);
  });
});

describe('path patterns', () => {
  it.each([
    ['/repos/**', '/repos/a/b', true],
    ['/repos/**', '/repos/', true],
    ['/repos/**', '/repos', false],
    ['/repos/*/issues', '/repos/a/issues', true],
    ['/repos/*/issues', '/repos/a/b/issues', false],
    ['/**/issues', '/a/b/issues', true],
    ['/', '/', true],
    ['', '/', false],
    ['**', '', true],
    ['*', 'a/b', false],
  ])('%s on %s: %s', (pattern, text, expected) => {
    expect(matches('matchesPath', pattern, text)).toBe(expected);
  });

  it('agree with regular expressions', () => {
    const pattern = fc.string({ unit: fc.constantFrom('/', 'a', 'b', '*', '**'), maxLength: 9 });
    const text = fc.string({ unit: fc.constantFrom('/', 'a', 'b', 'c'), maxLength: 12 });
    fc.assert(
      fc.property(pattern, text, (glob, subject) => {
        const source = glob.replace(/\*\*|\*|[^*]+/g, (part) =>
          part === '**' ? '.*' : part === '*' ? '[^/]*' : quoted(part),
        );
        expect(matches('matchesPath', glob, subject)).toBe(new RegExp(`^${source}$`, 's').test(subject));
      }),
      { numRuns: 20_000 },
    );
  });
});

describe('path sanity', () => {
  const sane = (text: string): boolean => module.call('pathIsSane', ...put(text, 0)) === 1;

  it.each([
    '/',
    '/v1/chat/completions',
    '/a/.b/..c/d.',
    '/a%20b',
    "/~a!$&'()*+,=:@-_",
    '/a%25',
    '/a%2541',
    '/.well-known',
  ])('accepts %s', (text) => {
    expect(sane(text)).toBe(true);
  });

  it.each([
    '',
    'v1',
    '*',
    '//',
    '/a//b',
    '/.',
    '/..',
    '/./a',
    '/../a',
    '/a/.',
    '/a/..',
    '/a/../b',
    '/a b',
    '/a\tb',
    '/a\x7f',
    '/a\x80',
    '/a\\b',
    '/a;b',
    '/%2E',
    '/a%2eb',
    '/.%2e/',
    '/a%2fb',
    '/a%2Fb',
    '/a%5cb',
    '/a%5Cb',
    '/a%3bb',
    '/a%00',
    '/%2e%2e/',
    '/%2E%2e',
    '/a%252e',
    '/a%252Fb',
    '/a%255c',
    '/a%253B',
  ])('refuses %j', (text) => {
    expect(sane(text)).toBe(false);
  });
});
