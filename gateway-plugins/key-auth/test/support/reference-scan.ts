/** What a scan finds, in the order of the plugin's ModelScan. */
export const SCAN = ['found', 'malformed', 'ambiguous', 'missing', 'bad-model'] as const;
export type Scan = (typeof SCAN)[number];

const MAX_DEPTH = 128;
const TOKEN =
  /[ \t\r\n]*(?:("(?:[^"\\\u0000-\u001f]|\\(?:["\\/bfnrt]|u[0-9A-Fa-f]{4}))*")|([{}[\]:,])|[^ \t\r\n{}[\]:,"]+)/y;

/** The same question answered the slow way: JSON.parse decides what is JSON, a token walk finds the top-level keys. */
export function referenceScan(body: Uint8Array): { readonly scan: Scan; readonly model: string } {
  const nothing = (scan: Scan): { scan: Scan; model: string } => ({ scan, model: '' });
  let text: string;
  try {
    text = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(body);
    const value: unknown = JSON.parse(text);
    if (typeof value !== 'object' || value === null || Array.isArray(value)) return nothing('malformed');
  } catch {
    return nothing('malformed');
  }
  const { keys, depth } = topLevel(text);
  if (depth > MAX_DEPTH) return nothing('malformed');
  const named = keys.filter(({ key }) => key.toLowerCase() === 'model' && /^[\x20-\x7e]*$/.test(key));
  const others = keys.some(({ key }) => /^(models|fallbacks?)$/i.test(key) && /^[\x20-\x7e]*$/.test(key));
  const only = named[0];
  if (others || named.length > 1 || (only !== undefined && only.key !== 'model')) return nothing('ambiguous');
  if (only === undefined) return nothing('missing');
  const model: unknown = only.value.startsWith('"') ? JSON.parse(only.value) : null;
  if (typeof model !== 'string' || model === '' || /\p{Surrogate}|[\0-\x1f\x7f]/u.test(model))
    return nothing('bad-model');
  if (Buffer.byteLength(model) > 256) return nothing('bad-model');
  return { scan: 'found', model };
}

function topLevel(text: string): { keys: { key: string; value: string }[]; depth: number } {
  const keys: { key: string; value: string }[] = [];
  let depth = 0;
  let deepest = 0;
  let key: string | null = null;
  let expectKey = false;
  TOKEN.lastIndex = 0;
  for (let match = TOKEN.exec(text); match !== null; match = TOKEN.exec(text)) {
    const token = match[0].trimStart();
    if (depth === 1 && expectKey && match[1] !== undefined) {
      key = JSON.parse(token) as string;
      expectKey = false;
    } else if (depth === 1 && key !== null && token !== ':') {
      keys.push({ key, value: token });
      key = null;
    }
    if (token === '{' || token === '[') {
      depth++;
      deepest = Math.max(deepest, depth);
      if (depth === 1) expectKey = true;
    } else if (token === '}' || token === ']') depth--;
    else if (token === ',' && depth === 1) expectKey = true;
    if (TOKEN.lastIndex >= text.length) break;
  }
  return { keys, depth: deepest };
}
