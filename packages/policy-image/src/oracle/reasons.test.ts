import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { REASONS } from './reasons.js';

const PAGE = readFileSync(new URL('../../../../docs/reference/refusals.md', import.meta.url), 'utf8');

describe('docs/reference/refusals.md', () => {
  it('lists every reason with its status, in the order in which they are looked for', () => {
    const rows = [...PAGE.matchAll(/^\| `([a-z-]+)` +\| +(\d{3}) +\|/gm)];
    const listed = rows.map(([, reason, status]) => [reason, Number(status)]);
    expect(listed).toEqual(Object.entries(REASONS).map(([reason, { status }]) => [reason, status]));
  });
});
