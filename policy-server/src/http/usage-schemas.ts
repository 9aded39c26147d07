import { CLOSED, formatted } from '@hiclaw/resources';
import { type TSchema, Type } from 'typebox';

const Text = Type.String();
const Count = Type.Integer({ minimum: 0 });
const Moment = formatted('date-time');
const Usd = (description: string): TSchema => Type.String({ pattern: '^\\d+(\\.\\d{1,12})?$', description });

const tokens = {
  input: Type.Integer({ minimum: 0, description: 'Input tokens; cached and cache-write tokens included.' }),
  cachedInput: Type.Integer({ minimum: 0, description: 'Input tokens that the provider read from a cache.' }),
  cacheWrite: Type.Integer({ minimum: 0, description: 'Input tokens that the provider wrote to a cache.' }),
  output: Type.Integer({ minimum: 0, description: 'Output tokens, reasoning included.' }),
  reasoning: Count,
};

const sums = {
  requests: Type.Integer({ minimum: 0, description: 'Calls that were forwarded.' }),
  completed: Count,
  aborted: Type.Integer({ minimum: 0, description: 'Calls whose client did not wait for the end.' }),
  failed: Type.Integer({ minimum: 0, description: 'Calls that were answered with an error.' }),
  cut: Type.Integer({ minimum: 0, description: 'Calls that the gateway ended, by a limit or a revocation.' }),
  ...tokens,
  estimated: Type.Integer({
    minimum: 0,
    description: 'Calls of which a number of tokens is estimated, because the provider did not give it.',
  }),
  unpriced: Type.Integer({
    minimum: 0,
    description: 'Calls whose price is not known; `costUsd` lacks them.',
  }),
  costUsd: Usd('US dollars, exact.'),
};

const names = {
  consumer: Type.Optional(Text),
  route: Type.Optional(Text),
  provider: Type.Optional(Text),
  model: Type.Optional(Text),
  requestedModel: Type.Optional(Text),
};

const Page = Type.Object({ continue: Type.Optional(Text) }, CLOSED);

/** Schemas of the answers about usage, by name. */
export const USAGE_COMPONENTS: Readonly<Record<string, object>> = {
  UsageReport: Type.Object(
    {
      metadata: Page,
      from: Moment,
      to: Type.Unsafe<string>({ ...Moment, description: 'Exclusive.' }),
      by: Type.Array(Text),
      per: Type.Union([Text, Type.Null()]),
      granularity: Type.String({ description: 'Length of the stored sums that this is made of.' }),
      totals: Type.Object(sums, CLOSED),
      items: Type.Array(Type.Object({ start: Type.Optional(Moment), ...names, ...sums }, CLOSED)),
    },
    CLOSED,
  ),
  UsageCallList: Type.Object(
    {
      metadata: Page,
      items: Type.Array(
        Type.Object(
          {
            sequence: Type.Integer({ minimum: 1, description: 'In the order in which they were stored.' }),
            start: Moment,
            durationMs: Count,
            firstByteMs: Type.Union([Count, Type.Null()]),
            gateway: Text,
            consumer: Text,
            route: Text,
            provider: Text,
            model: Text,
            requestedModel: Text,
            target: Type.Union([Count, Type.Null()]),
            endpoint: Text,
            stream: Type.Boolean(),
            outcome: Text,
            status: Count,
            flags: Text,
            attempts: Count,
            ...tokens,
            estimated: Type.Boolean(),
            costUsd: Type.Union([Usd('US dollars, exact.'), Type.Null()]),
          },
          CLOSED,
        ),
      ),
    },
    CLOSED,
  ),
};
