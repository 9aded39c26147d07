/** Names of JSON members, form fields, query parameters and headers that choose what serves a request. */

const MAX_NAME_BYTES = 32;
const SPEAKS_OF_MODELS = /model|fallbac/;
const OTHERS = new Set(['deployment', 'deploymentid', 'engine']);
const OTHER_MEMBERS = new Set(['route', 'userconfig', 'litellmparams']);

/**
 * A name as lenient readers compare it: without case and underscores, with the two letters that turn into ASCII when case
 * is ignored. What is longer than any name that means something is cut.
 */
export function normalName(name: string | Buffer): string {
  return Buffer.from(name)
    .subarray(0, MAX_NAME_BYTES)
    .toString('latin1')
    .replaceAll('\u00c5\u00bf', 's')
    .replaceAll('\u00e2\u0084\u00aa', 'k')
    .replaceAll('_', '')
    .replace(/[A-Z]/g, (letter) => letter.toLowerCase());
}

/** Whether a normal name speaks of models or of what to use in their place. */
export function speaksOfModels(name: string): boolean {
  return SPEAKS_OF_MODELS.test(name);
}

/** Whether a normal name, anywhere in a request, chooses what serves it. */
export function choosesModel(name: string): boolean {
  return speaksOfModels(name) || OTHERS.has(name);
}

/** The same for members of a body and fields of a form, of which some are configuration of proxies. */
export function memberChoosesModel(name: string): boolean {
  return choosesModel(name) || OTHER_MEMBERS.has(name);
}
