/** What lies below an LLM route's path. */
const LLM_ENDPOINTS: readonly string[] = [
  '/audio/speech',
  '/chat/completions',
  '/completions',
  '/embeddings',
  '/images/generations',
  '/messages',
  '/messages/count_tokens',
  '/models',
  '/moderations',
  '/rerank',
  '/responses',
];

export interface ShadowedPath {
  /** The shorter path. */
  readonly path: string;
  /** What below it would never be reached. */
  readonly endpoint: string;
}

/**
 * Because the longest path wins, a route at `/v1/chat` would get the chat completions of a route at `/v1`, and take
 * them for completions.
 *
 * @returns what a route at `path` would hide from routes at other paths, or null
 */
export function shadowedBy(path: string, others: Iterable<string>): ShadowedPath | null {
  for (const other of others) {
    if (!path.startsWith(`${other}/`)) continue;
    const below = path.slice(other.length);
    const endpoint = LLM_ENDPOINTS.find((known) => known === below || known.startsWith(`${below}/`));
    if (endpoint !== undefined) return { path: other, endpoint };
    // A model's name may follow.
    if (below.startsWith('/models/')) return { path: other, endpoint: '/models' };
  }
  return null;
}
