import { describe, expect, it } from 'vitest';
import { readEnvironment } from './environment.js';
import { createLogger } from './logger.js';
import { Secret } from './secret.js';

describe('logger', () => {
  it('never writes fields that speak of secrets, nor a Secret', () => {
    const lines: string[] = [];
    const log = createLogger({
      name: 'test',
      destination: { write: (line: string) => void lines.push(line) },
    });
    log.info(
      {
        token: 'hush-1',
        request: { headers: { authorization: 'hush-2', 'x-api-key': 'hush-3' }, body: 'hush-4' },
        credential: { value: 'hush-5' },
        other: new Secret('hush-6'),
      },
      'request answered',
    );
    expect(lines).toHaveLength(1);
    expect(lines[0]).not.toContain('hush');
    expect(lines[0]).toContain('request answered');
  });
});

describe('readEnvironment', () => {
  const environment = readEnvironment({ PORT: '80', BAD: '80x', EMPTY: '', WORD: 'info' });

  it('reads integers within bounds and words of a list', () => {
    expect(environment.integer('PORT', 1, { min: 0, max: 65_535 })).toBe(80);
    expect(environment.integer('EMPTY', 7, { min: 0, max: 65_535 })).toBe(7);
    expect(environment.choice('WORD', 'warn', ['info', 'warn'])).toBe('info');
    expect(environment.text('NOWHERE', 'x')).toBe('x');
  });

  it('names the variable that is wrong', () => {
    expect(() => environment.integer('BAD', 1, { min: 0, max: 9 })).toThrow(
      /BAD must be an integer from 0 to 9/,
    );
    expect(() => environment.choice('WORD', 'a', ['a', 'b'])).toThrow(/WORD must be one of a, b/);
  });
});
