const MAX_PATH_BYTES = 8192;

const FORBIDDEN = [
  /^(?!\/)/, // empty or not absolute
  /[^\x21-\x7e]/,
  /[\\;]/,
  /\/\//,
  /\/\.\.?(\/|$)/,
  /%(2e|2f|5c|3b|00)/i, // whoever decodes these sees another path
  /%25(2e|2f|5c|3b)/i, // or decodes them twice
];

/** Whether another reader of this path (without its query) might see another one. */
export function isPathMalformed(path: string): boolean {
  return path.length > MAX_PATH_BYTES || FORBIDDEN.some((form) => form.test(path));
}
