const MIN_SHARED = 6;
const MAX_SHOWN = 300;

/** How a secret may stand in a text that somebody else wrote. */
function formsOf(secret: string): readonly string[] {
  const base64 = Buffer.from(secret, 'utf8').toString('base64').replace(/=+$/, '');
  return [secret, encodeURIComponent(secret), JSON.stringify(secret).slice(1, -1), base64];
}

/** Marks each run of the text, at least six characters long, that is also in the secret. */
function markShared(text: string, secret: string, marked: boolean[]): void {
  for (let start = 0; start + MIN_SHARED <= text.length; start++) {
    if (!secret.includes(text.slice(start, start + MIN_SHARED))) continue;
    marked.fill(true, start, start + MIN_SHARED);
  }
}

/**
 * A text of a service as it may be shown: one line, short, and without any of the secrets. Parts of a secret count
 * too, and so does what a service masked itself (`sk-ab***yz`), as both tell something of it.
 */
export function redact(text: string, secrets: readonly string[]): string {
  // The limit bounds the work; what is shown is cut after the search, so that a cut cannot hide the start of a secret.
  const line = text
    .slice(0, 8 * MAX_SHOWN)
    .replace(/[\s\u0000-\u001f\u007f-\u009f\u2028\u2029]+/g, ' ')
    .trim();
  const marked = Array.from({ length: line.length }, () => false);
  for (const secret of secrets) {
    for (const form of formsOf(secret)) {
      if (form.length >= MIN_SHARED) markShared(line, form, marked);
      else if (form !== '') markWhole(line, form, marked);
    }
  }
  const shown = [...groups(line, marked)].join('').replace(/[^\s"'`,;:]*\*{2,}[^\s"'`,;]*/g, '[redacted]');
  return shown.length > MAX_SHOWN ? `${shown.slice(0, MAX_SHOWN)}…` : shown;
}

function markWhole(text: string, secret: string, marked: boolean[]): void {
  for (let at = text.indexOf(secret); at >= 0; at = text.indexOf(secret, at + 1)) {
    marked.fill(true, at, at + secret.length);
  }
}

function* groups(line: string, marked: readonly boolean[]): Generator<string> {
  let start = 0;
  for (let end = 1; end <= line.length; end++) {
    if (end < line.length && marked[end] === marked[start]) continue;
    yield marked[start] === true ? '[redacted]' : line.slice(start, end);
    start = end;
  }
}
