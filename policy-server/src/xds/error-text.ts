const MAX_LENGTH = 400;

/**
 * What a gateway says about content it refused, fit to be shown: short, one line, and without any part of the content
 * that it may repeat.
 */
export function errorText(message: string): string {
  const oneLine = message
    .replace(/[\u0000-\u001f\u007f-\u009f\u2028\u2029]+/g, ' ')
    .replace(/"(?:[^"\\]|\\.){24,}"?/g, '"…"')
    .replace(/(?:\\[0-7]{3}|\\x[0-9a-f]{2})+/gi, '…')
    .replace(/[A-Za-z0-9+/_=-]{48,}/g, '…')
    .trim();
  return oneLine.length > MAX_LENGTH ? `${oneLine.slice(0, MAX_LENGTH)}…` : oneLine;
}
