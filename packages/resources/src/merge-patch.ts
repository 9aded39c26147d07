const MAX_DEPTH = 32;

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function merge(target: unknown, patch: unknown, depth: number): unknown {
  if (!isObject(patch)) return patch;
  if (depth > MAX_DEPTH) throw new RangeError(`a patch may be at most ${MAX_DEPTH} levels deep`);
  const merged = new Map<string, unknown>(isObject(target) ? Object.entries(target) : []);
  for (const [name, value] of Object.entries(patch)) {
    if (value === null) merged.delete(name);
    else merged.set(name, merge(merged.get(name), value, depth + 1));
  }
  // Unlike assignment, fromEntries cannot reach a prototype, whatever the names are.
  return Object.fromEntries(merged);
}

/**
 * JSON Merge Patch (RFC 7396): a new value; neither argument is changed.
 *
 * @throws RangeError for a patch deeper than 32 levels
 */
export function mergePatch(target: unknown, patch: unknown): unknown {
  return merge(target, patch, 1);
}
