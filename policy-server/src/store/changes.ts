import { fieldPath } from '@hiclaw/resources';
import type { AuditChange } from './audit-log.js';

const MAX_CHANGES = 100;
const MAX_TEXT = 256;

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/** Long values are cut: a record says what changed, it is not a backup. */
function shorten(value: unknown): unknown {
  const text = JSON.stringify(value);
  return text.length <= MAX_TEXT ? value : `${text.slice(0, MAX_TEXT)}…`;
}

function collect(before: unknown, after: unknown, path: string, changes: AuditChange[]): void {
  if (isObject(before) && isObject(after)) {
    const names = new Set([...Object.keys(before), ...Object.keys(after)]);
    for (const name of [...names].sort()) collect(before[name], after[name], fieldPath(path, name), changes);
    return;
  }
  if (JSON.stringify(before) === JSON.stringify(after)) return;
  changes.push({
    path,
    ...(before === undefined ? {} : { before: shorten(before) }),
    ...(after === undefined ? {} : { after: shorten(after) }),
  });
}

/** The fields in which two plain values differ, at most one hundred. */
export function changesBetween(before: unknown, after: unknown): AuditChange[] {
  const changes: AuditChange[] = [];
  collect(before, after, '', changes);
  if (changes.length <= MAX_CHANGES) return changes;
  return [
    ...changes.slice(0, MAX_CHANGES),
    { path: '', after: `${changes.length - MAX_CHANGES} more changes` },
  ];
}
