/**
 * Whether a model name matches a pattern: `*` stands for any run of characters, also none; all else for itself, in
 * the same case. There is no escape.
 */
export function matchModelPattern(pattern: string, model: string): boolean {
  return matchRuns(pattern, model, () => true);
}

/**
 * Whether a path (without query) matches a pattern: `*` stands for any run of characters without `/`, `**` for any
 * run at all, also none. The path is compared as it was sent, percent-encoding included.
 */
export function matchPathPattern(pattern: string, path: string): boolean {
  return matchRuns(pattern, path, (wildcard) => wildcard === '**');
}

/** Bytes of a pattern that stand for themselves: the more, the more specific it is. */
export function literalBytes(pattern: string): number {
  return Buffer.byteLength(pattern.replaceAll('*', ''));
}

/** Position by position over all ways in which the wildcards can stretch; linear in pattern times text. */
function matchRuns(pattern: string, text: string, crossesSlash: (wildcard: string) => boolean): boolean {
  let reached = new Set([0]);
  for (const part of pattern.match(/\*\*|[^]/g) ?? []) {
    const next = new Set<number>();
    for (const from of reached) {
      if (!part.startsWith('*')) {
        if (text[from] === part) next.add(from + 1);
        continue;
      }
      for (let to = from; ; to++) {
        if (next.has(to)) break;
        next.add(to);
        if (to >= text.length || (text[to] === '/' && !crossesSlash(part))) break;
      }
    }
    reached = next;
  }
  return reached.has(text.length);
}
