import { describe, expect, it } from 'vitest';
import { shadowedBy } from './llm-paths.js';

describe('shadowedBy', () => {
  it.each([
    ['/v1/chat', ['/v1'], { path: '/v1', endpoint: '/chat/completions' }],
    ['/v1/messages', ['/v1'], { path: '/v1', endpoint: '/messages' }],
    ['/v1/models', ['/v1'], { path: '/v1', endpoint: '/models' }],
    ['/v1/models/x', ['/v1'], { path: '/v1', endpoint: '/models' }],
    ['/a/v1/images', ['/b', '/a/v1'], { path: '/a/v1', endpoint: '/images/generations' }],
    ['/v1/team-a', ['/v1'], null],
    ['/v1/cha', ['/v1'], null],
    ['/v1', ['/v1'], null],
    ['/v1x/chat', ['/v1'], null],
  ])('%s beside %s', (path, others, expected) => {
    expect(shadowedBy(path, others)).toEqual(expected);
  });
});
