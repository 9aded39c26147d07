/** Text as a JSON string with its quotes. */
export function quote(text: string): string {
  let quoted = '"';
  let from = 0;
  for (let i = 0; i < text.length; i++) {
    const code = text.charCodeAt(i);
    let escape = '';
    if (code == 0x22) escape = '\\"';
    else if (code == 0x5c) escape = '\\\\';
    else if (code == 0x0a) escape = '\\n';
    else if (code == 0x0d) escape = '\\r';
    else if (code == 0x09) escape = '\\t';
    else if (code < 0x20) escape = '\\u' + code.toString(16).padStart(4, '0');
    else continue;
    quoted += text.substring(from, i) + escape;
    from = i + 1;
  }
  return quoted + text.substring(from) + '"';
}
