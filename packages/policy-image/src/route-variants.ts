import { PolicyImageError } from './policy-image-error.js';
import type { KeyAuthConsumer } from './policy.js';

const NUMBER = /^(0|[1-9][0-9]{0,8})$/;

/** The number of the variant that a grant names, plus 1; 0: it takes the route itself. */
export function variantNumber(grant: KeyAuthConsumer['grants'][number], consumer: string): number {
  const { route, envoyRoute = route } = grant;
  if (envoyRoute === route) return 0;
  const number = envoyRoute.startsWith(`${route}~`) ? envoyRoute.slice(route.length + 1) : '';
  if (!route.startsWith('llm-routes/') || !NUMBER.test(number)) {
    throw new PolicyImageError(
      `consumer "${consumer}": ${JSON.stringify(envoyRoute)} is no variant of "${route}"`,
    );
  }
  return Number(number) + 1;
}

/** The text that stands in a grant for what `variantNumber` gave: empty for the route itself. */
export function variantKey(route: string, number: number): string {
  return number === 0 ? '' : `${route}~${number - 1}`;
}
