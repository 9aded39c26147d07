import { CLOSED, formatted, parseTimestamp } from '@hiclaw/resources';
import { type Static, Type } from 'typebox';
import type { StoredCall } from '../usage/calls.js';
import { formatUsd } from '../usage/cost.js';
import {
  BUCKET_MS,
  bucketStart,
  GRANULARITIES,
  type Granularity,
  monthStart,
  nextMonthStart,
} from '../usage/granularity.js';
import {
  compareItems,
  type Dimension,
  DIMENSIONS,
  MAX_GROUPS,
  type Period,
  PERIODS,
  type ReportItem,
  type ReportQuery,
} from '../usage/report.js';
import { keptFrom, type Retention } from '../usage/retention.js';
import type { Sums } from '../usage/sums.js';
import type { App } from './app.js';
import type { ApiContext } from './context.js';
import { decodeContinue, encodeContinue, pagingFields } from './paging.js';
import { invalid } from './query.js';
import { describe } from './route-docs.js';

const name = (description: string) =>
  Type.Optional(Type.String({ minLength: 1, maxLength: 512, description }));

const UsageQuery = Type.Object(
  {
    ...pagingFields,
    by: Type.String({
      maxLength: 64,
      default: 'consumer',
      description: `What to tell apart: any of ${DIMENSIONS.join(', ')}, separated by commas; empty: nothing.`,
    }),
    per: Type.Optional(
      Type.String({
        maxLength: 8,
        description: 'Tell apart by time too: minute, hour, day or month, in UTC.',
      }),
    ),
    from: Type.Optional(
      formatted('date-time', {
        maxLength: 64,
        description: 'Calls that began not before this moment. Default: the start of this month in UTC.',
      }),
    ),
    to: Type.Optional(
      formatted('date-time', {
        maxLength: 64,
        description: 'Calls that began before this moment. Default: now.',
      }),
    ),
    consumer: name('Only calls of this consumer.'),
    route: name('Only calls on this LlmRoute.'),
    provider: name('Only calls that this Provider served.'),
    model: name('Only calls for this model, by the name that the provider was asked for.'),
    requestedModel: name('Only calls for this model, by the name that the client asked for.'),
  },
  CLOSED,
);

const CallsQuery = Type.Object(
  {
    ...pagingFields,
    consumer: Type.String({ minLength: 1, maxLength: 256, description: 'Whose calls.' }),
  },
  CLOSED,
);

/** What LLM calls used and cost. */
export function registerUsage(app: App, context: ApiContext): void {
  app.get(
    '/usage',
    {
      schema: {
        querystring: UsageQuery,
        ...describe('usage', 'Sum up what calls used and cost', { 200: 'UsageReport' }, [400, 503]),
      },
    },
    async (request) => {
      const { limit, continue: token } = request.query;
      const query = readQuery(request.query, context.usage.retention, context.clock.nowMs());
      const after = token === undefined ? null : readContinue(token, query);
      const report = await context.usage.report(query);
      if (report === null) {
        throw invalid('by', `gives more than ${MAX_GROUPS} groups; name fewer, or ask for a shorter time`);
      }
      const rest =
        after === null ? report.items : report.items.filter((item) => compareItems(item, after) > 0);
      const items = rest.slice(0, limit);
      const last = rest.length > limit ? items.at(-1) : undefined;
      return {
        metadata: last === undefined ? {} : { continue: continueAfter(last) },
        from: moment(query.fromMs),
        to: moment(query.toMs),
        by: query.by,
        per: query.per,
        granularity: query.granularity,
        totals: shownSums(report.totals),
        items: items.map((item) => shownItem(item, query.by)),
      };
    },
  );

  app.get(
    '/usage/calls',
    {
      schema: {
        querystring: CallsQuery,
        ...describe(
          'usage',
          'List recorded calls of a consumer, newest first',
          { 200: 'UsageCallList' },
          [400, 503],
        ),
      },
    },
    (request) => {
      const { consumer, limit, continue: token } = request.query;
      const calls = context.usage.calls(consumer, readSequence(token), limit + 1);
      const items = calls.slice(0, limit);
      const last = calls.length > limit ? items.at(-1) : undefined;
      return {
        metadata: last === undefined ? {} : { continue: encodeContinue(String(last.sequence)) },
        items: items.map(shownCall),
      };
    },
  );
}

function readQuery(query: Static<typeof UsageQuery>, retention: Retention, nowMs: number): ReportQuery {
  const by = readDimensions(query.by);
  const per = readPeriod(query.per);
  const to = readMoment(query.to);
  const endMs = to ?? nowMs + 1;
  const from = readMoment(query.from) ?? monthStart(endMs - 1);
  if (from >= endMs) {
    throw to === undefined
      ? invalid('from', 'must not be in the future')
      : invalid('to', 'must be later than "from"');
  }
  const granularity = granularityOf(per, from, to);
  const fromMs = per === 'month' ? monthStart(from) : bucketStart(granularity, from);
  const toMs =
    per === 'month'
      ? nextMonthStart(endMs - 1)
      : bucketStart(granularity, endMs - 1) + BUCKET_MS[granularity];
  const oldest = bucketStart(granularity, keptFrom(granularity, retention, nowMs));
  // Days are what is kept longest: there is nothing else to advise, and what is gone is gone.
  if (granularity !== 'day' && fromMs < oldest) throw tooOld(granularity, oldest);
  const { consumer, route, provider, model, requestedModel } = query;
  const only = Object.fromEntries(
    Object.entries({ consumer, route, provider, model, requestedModel }).filter(
      ([, value]) => value !== undefined,
    ),
  );
  return { by, per, granularity, fromMs, toMs, only };
}

function tooOld(granularity: Granularity, oldestMs: number): Error {
  const coarser = granularity === 'minute' ? 'whole hours or days' : 'whole days';
  return invalid(
    'from',
    `sums per ${granularity} go back to ${moment(oldestMs)}; for earlier times let "from" and "to" be ${coarser} of UTC and "per" no shorter`,
  );
}

/** The longest buckets that the bounds fall between, or those that are asked for. */
function granularityOf(per: Period | null, from: number, to: number | undefined): Granularity {
  if (per !== null) return per === 'month' ? 'day' : per;
  const fits = (granularity: Granularity): boolean =>
    [from, to ?? from].every((bound) => bucketStart(granularity, bound) === bound);
  return [...GRANULARITIES].reverse().find(fits) ?? 'minute';
}

function readDimensions(text: string): readonly Dimension[] {
  const words = text.split(',').filter((word) => word !== '');
  const known = words.map((word) => DIMENSIONS.find((dimension) => dimension === word));
  const dimensions = known.filter((dimension) => dimension !== undefined);
  if (dimensions.length !== words.length) {
    throw invalid('by', `must be some of ${DIMENSIONS.join(', ')}, separated by commas`);
  }
  if (new Set(dimensions).size !== dimensions.length) throw invalid('by', 'must not name one twice');
  return dimensions;
}

function readPeriod(text: string | undefined): Period | null {
  if (text === undefined) return null;
  const period = PERIODS.find((known) => known === text);
  if (period === undefined) throw invalid('per', `must be one of ${PERIODS.join(', ')}`);
  return period;
}

function readMoment(timestamp: string | undefined): number | undefined {
  const seconds = timestamp === undefined ? undefined : parseTimestamp(timestamp).value;
  return seconds === undefined ? undefined : seconds * 1000;
}

/** Where a page of a report ended. */
type ReportPlace = Pick<ReportItem, 'startMs' | 'names'>;

function continueAfter({ startMs, names }: ReportItem): string {
  return encodeContinue(JSON.stringify([startMs, ...names]));
}

function readContinue(token: string, query: ReportQuery): ReportPlace {
  const wrong = invalid('continue', 'must be metadata.continue of an earlier answer to the same question');
  let place: unknown;
  try {
    place = JSON.parse(decodeContinue(token));
  } catch {
    throw wrong;
  }
  if (!Array.isArray(place) || place.length !== query.by.length + 1) throw wrong;
  const [startMs, ...names] = place as unknown[];
  const isStart = query.per === null ? startMs === null : typeof startMs === 'number';
  const areNames = names.every((one) => typeof one === 'string');
  if (!isStart || !areNames) throw wrong;
  return { startMs: startMs as number | null, names };
}

function readSequence(token: string | undefined): number | undefined {
  if (token === undefined) return undefined;
  const text = decodeContinue(token);
  if (!/^[1-9]\d{0,14}$/.test(text))
    throw invalid('continue', 'must be metadata.continue of an earlier answer, unchanged');
  return Number(text);
}

function moment(ms: number): string {
  return new Date(ms).toISOString();
}

function shownItem({ startMs, names, sums }: ReportItem, by: readonly Dimension[]): object {
  return {
    ...(startMs === null ? {} : { start: moment(startMs) }),
    ...Object.fromEntries(by.map((dimension, index) => [dimension, names[index]])),
    ...shownSums(sums),
  };
}

function shownSums({ cost, ...counts }: Readonly<Sums>): object {
  return { ...counts, costUsd: formatUsd(cost) };
}

function shownCall({ startMs, node, cost, ...call }: StoredCall): object {
  return {
    start: moment(startMs),
    gateway: node,
    ...call,
    costUsd: cost === null ? null : formatUsd(cost),
  };
}
