import { CLOSED, Name, words } from '@hiclaw/resources';
import { type TSchema, Type } from 'typebox';
import type { LimitState } from '../limits/limits.js';
import { notFound } from '../store/errors.js';
import { formatUsd } from '../usage/cost.js';
import type { App } from './app.js';
import type { ApiContext } from './context.js';
import { describe } from './route-docs.js';

const ConsumerParams = Type.Object({ name: Name }, CLOSED);

const amount = (description: string) =>
  Type.Union([Type.Integer({ minimum: 0 }), Type.String()], {
    description: `${description} Requests and tokens are numbers, US dollars are text.`,
  });

/** Answers of this part of the API. */
export const LIMITS_COMPONENTS: Readonly<Record<string, TSchema>> = {
  ConsumerLimits: Type.Object(
    {
      consumer: Type.String(),
      items: Type.Array(
        Type.Object(
          {
            unit: words(['requests', 'tokens', 'usd']),
            per: words(['minute', 'day', 'month']),
            cap: amount('Most that may be spent in the window.'),
            used: amount(
              'Spent, or reserved for calls that run; more than the cap when calls used more than they reserved.',
            ),
            reserved: amount(
              'Held by gateways and not used yet; they give it back when another one needs it.',
            ),
            remaining: amount('What is neither used nor held.'),
            resetsAt: Type.String({ format: 'date-time', description: 'When the next window begins.' }),
          },
          CLOSED,
        ),
      ),
    },
    CLOSED,
  ),
};

function shown({ meter, cap, used, reserved, remaining, resetsAtMs }: LimitState): object {
  const [unit = '', per = ''] = meter.split('-');
  const show = (value: bigint): string | number => (unit === 'usd' ? formatUsd(value) : Number(value));
  return {
    unit,
    per,
    cap: show(cap),
    used: show(used),
    reserved: show(reserved),
    remaining: show(remaining),
    resetsAt: new Date(resetsAtMs).toISOString(),
  };
}

/** What a consumer may still spend. */
export function registerLimits(app: App, context: ApiContext): void {
  app.get(
    '/consumers/:name/limits',
    {
      schema: {
        params: ConsumerParams,
        querystring: Type.Object({}, CLOSED),
        ...describe(
          'consumers',
          'Get what a consumer may still spend',
          { 200: 'ConsumerLimits' },
          [400, 404],
        ),
      },
    },
    async (request) => {
      const { name } = request.params;
      if (!context.store.resources().consumers.has(name)) {
        throw notFound('Consumer', name);
      }
      return { consumer: name, items: (await context.limits.state(name)).map(shown) };
    },
  );
}
