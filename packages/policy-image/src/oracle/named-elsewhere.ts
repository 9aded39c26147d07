import type { RequestFacts } from './facts.js';
import { choosesModel, normalName } from './member-names.js';

const HEADER = /model|deployme|fallback/;

/** Whether a request names a model in its query or in a header, where no endpoint takes one but an upstream might. */
export function isModelNamedElsewhere({ path, headers }: RequestFacts): boolean {
  if (headers.some(([name]) => HEADER.test(name.toLowerCase()))) return true;
  const mark = path.indexOf('?');
  if (mark < 0) return false;
  return path
    .slice(mark + 1)
    .split(/[&;]/)
    .some((parameter) => choosesModel(normalName(parameterName(parameter))));
}

/** The text before the equals sign, with escapes decoded as far as they are any. */
function parameterName(parameter: string): Buffer {
  const [name = ''] = parameter.split('=');
  const bytes = name.replace(/%([0-9a-fA-F]{2})/g, (_, hex: string) =>
    String.fromCharCode(parseInt(hex, 16)),
  );
  return Buffer.from(bytes, 'latin1');
}
