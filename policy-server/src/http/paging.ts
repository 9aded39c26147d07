import { Type } from 'typebox';
import { invalid } from './query.js';

/** Query parameters of every list. */
export const pagingFields = {
  limit: Type.Integer({
    minimum: 1,
    maximum: 1000,
    default: 100,
    description: 'Largest number of items in the answer.',
  }),
  continue: Type.Optional(
    Type.String({
      maxLength: 512,
      description: '`metadata.continue` of the page before; gives the next one.',
    }),
  ),
};

/** Where the next page begins, opaque to clients. */
export function encodeContinue(after: string): string {
  return Buffer.from(JSON.stringify([1, after]), 'utf8').toString('base64url');
}

/** @throws InvalidInput for anything that `encodeContinue` did not give */
export function decodeContinue(text: string): string {
  try {
    const value: unknown = JSON.parse(Buffer.from(text, 'base64url').toString('utf8'));
    if (Array.isArray(value) && value.length === 2 && value[0] === 1 && typeof value[1] === 'string')
      return value[1];
  } catch {
    // Answered below, as every other text that is no continuation.
  }
  throw invalid('continue', 'must be metadata.continue of an earlier answer, unchanged');
}
