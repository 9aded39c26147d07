import { PROBLEM_TYPE } from './problem.js';

const PROBLEM_DESCRIPTIONS: Readonly<Record<number, string>> = {
  400: 'The input is not valid; `errors` names each field. Nothing was changed.',
  401: 'No valid admin token.',
  404: 'It does not exist.',
  409: 'It exists already, or something still refers to it.',
  412: 'Somebody changed it since it was read.',
  413: 'The body is too large.',
  415: 'The body is not JSON.',
  429: 'Too many of these within a short time.',
  500: 'The server made a mistake.',
  503: 'The database cannot be used, or the server is not ready.',
};

interface RouteDocs {
  readonly tags: string[];
  readonly summary: string;
  readonly operationId: string;
  readonly response: Record<number, object>;
}

function identifier(summary: string): string {
  return summary
    .replace(/[^A-Za-z ]/g, ' ')
    .split(' ')
    .filter((word) => word !== '')
    .map((word, index) =>
      index === 0 ? word.toLowerCase() : word.charAt(0).toUpperCase() + word.slice(1).toLowerCase(),
    )
    .join('');
}

function success(schema: string | null): object {
  if (schema === null) return { description: 'Done.', type: 'null' };
  return { description: 'Done.', content: { 'application/json': { schema: { $ref: `${schema}#` } } } };
}

function failure(status: number): object {
  return {
    description: PROBLEM_DESCRIPTIONS[status] ?? 'It failed.',
    content: { [PROBLEM_TYPE]: { schema: { $ref: 'Problem#' } } },
  };
}

/**
 * The documentation of a route.
 *
 * @param successes name of the answer's schema by status; null: no body
 * @param failures statuses besides 401 and 500
 */
export function describe(
  tag: string,
  summary: string,
  successes: Readonly<Record<number, string | null>>,
  failures: readonly number[],
): RouteDocs {
  const response: Record<number, object> = {};
  for (const [status, schema] of Object.entries(successes)) response[Number(status)] = success(schema);
  for (const status of [...failures, 401, 500]) response[status] = failure(status);
  return { tags: [tag], summary, operationId: identifier(summary), response };
}
