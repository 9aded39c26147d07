import { invalid } from './query.js';

type Labels = Readonly<Record<string, string>>;
type Requirement = (labels: Labels) => boolean;

const KEY = String.raw`([a-z0-9A-Z][-a-zA-Z0-9_./]{0,316})`;
const VALUE = String.raw`([-A-Za-z0-9_.]{0,63})`;
const EQUALITY = new RegExp(`^${KEY}\\s*(==|=|!=)\\s*${VALUE}$`);
const SET = new RegExp(`^${KEY}\\s+(in|notin)\\s+\\(([^()]*)\\)$`);
const EXISTS = new RegExp(`^(!?)\\s*${KEY}$`);
const MAX_LENGTH = 2048;

function valueOf(labels: Labels, key: string): string | undefined {
  return Object.hasOwn(labels, key) ? labels[key] : undefined;
}

function parseRequirement(text: string): Requirement {
  const equality = EQUALITY.exec(text);
  if (equality !== null) {
    const [, key = '', operator, value] = equality;
    return (labels) => (valueOf(labels, key) === value) === (operator !== '!=');
  }
  const set = SET.exec(text);
  if (set !== null) {
    const [, key = '', operator, list = ''] = set;
    const values = new Set(list.split(',').map((value) => value.trim()));
    return (labels) => values.has(valueOf(labels, key) ?? '\u0000') === (operator === 'in');
  }
  const exists = EXISTS.exec(text);
  if (exists !== null) {
    const [, not, key = ''] = exists;
    return (labels) => (valueOf(labels, key) !== undefined) === (not === '');
  }
  throw invalid(
    'labelSelector',
    'must be requirements such as team=red, tier!=test, env in (a, b), !old, joined by commas',
  );
}

/** Reads a selector in the notation of Kubernetes; the empty one selects everything. */
export function parseLabelSelector(text: string): Requirement {
  if (text.length > MAX_LENGTH) throw invalid('labelSelector', `must have at most ${MAX_LENGTH} characters`);
  if (text.trim() === '') return () => true;
  // Commas inside of parentheses separate values, not requirements.
  const parts = text.split(/,(?![^(]*\))/);
  const requirements = parts.map((part) => parseRequirement(part.trim()));
  return (labels) => requirements.every((requirement) => requirement(labels));
}
