import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import * as layout from './layout.js';

const PAGE = readFileSync(new URL('../../../docs/reference/policy-images.md', import.meta.url), 'utf8');

/** Constants in the first column of the page's tables, with the values in the second. */
function documented(): readonly (readonly [string, number])[] {
  const rows = PAGE.matchAll(/^\| `([A-Z][A-Z_]+)` +\| +([0-9a-fx]+) +\|/gm);
  return [...rows].map(([, name = '', value = '']) => [name, Number(value)] as const);
}

describe('docs/reference/policy-images.md', () => {
  it('lists every constant of the layout once, with its value', () => {
    expect(Object.fromEntries(documented())).toEqual({ ...layout });
    expect(documented()).toHaveLength(Object.keys(layout).length);
  });

  it('has a heading for each section', () => {
    const kinds = Object.keys(layout).flatMap((name) => /^([A-Z_]+)_BYTES$/.exec(name)?.[1] ?? []);
    const entries = kinds.filter((kind) => !/_HEADER$|^TOKEN_DIGEST$|MAX_BODY$|^TOKEN_BUCKET$/.test(kind));
    for (const kind of [...entries, 'TOKEN_BUCKET']) expect(PAGE).toContain(`\n### ${kind}S\n`);
  });
});
