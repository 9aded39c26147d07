import { CLOSED, decodeSchema, formatted, Name } from '@hiclaw/resources';
import { type Clock, GatewayError } from '@hiclaw/service-kit';
import { Type } from 'typebox';
import { testProvider } from '../providers/provider-test.js';
import { notFound } from '../store/errors.js';
import type { App } from './app.js';
import { optionalBody } from './bodies.js';
import type { ApiContext } from './context.js';
import { unwrap } from './query.js';
import { describe } from './route-docs.js';
import { commit } from './write-options.js';

const Params = Type.Object({ name: Name }, CLOSED);
const NoQuery = Type.Object({}, CLOSED);

const TestInput = Type.Object(
  {
    model: Type.Optional(
      formatted('model-name', {
        maxLength: 256,
        description:
          "The provider's name of the model to call; default: the first of spec.models, else a cheap one.",
      }),
    ),
  },
  CLOSED,
);

/** Schemas of this part of the API, by name. */
export const PROVIDER_COMPONENTS: Readonly<Record<string, object>> = {
  ProviderTest: Type.Object(
    {
      ok: Type.Boolean(),
      latencyMs: Type.Integer({ minimum: 0, description: 'Milliseconds of the last call to the provider.' }),
      model: Type.Union([Type.String(), Type.Null()]),
      error: Type.Union([
        Type.Object(
          {
            code: Type.String({ description: 'Stable, for programs.' }),
            hint: Type.String({ description: 'For people: what to do.' }),
            detail: Type.Optional(Type.String({ description: 'What the provider said, without secrets.' })),
          },
          CLOSED,
        ),
        Type.Null(),
      ]),
    },
    CLOSED,
  ),
};

const MAX_PER_MINUTE = 30;
const MINUTE_MS = 60_000;

/** Tests cost money at the provider: so many a minute, and one at a time for each provider. */
class TestLimit {
  readonly #clock: Clock;
  readonly #running = new Set<string>();
  #startedMs: number[] = [];

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /** @throws GatewayError `TOO_MANY_TESTS` */
  async run<T>(name: string, test: () => Promise<T>): Promise<T> {
    const nowMs = this.#clock.nowMs();
    this.#startedMs = this.#startedMs.filter((startMs) => startMs > nowMs - MINUTE_MS);
    if (this.#running.has(name)) throw tooMany(`A test of provider "${name}" is under way; wait for it.`);
    if (this.#startedMs.length >= MAX_PER_MINUTE) {
      throw tooMany(`More than ${MAX_PER_MINUTE} tests within a minute; wait a minute.`);
    }
    this.#startedMs.push(nowMs);
    this.#running.add(name);
    try {
      return await test();
    } finally {
      this.#running.delete(name);
    }
  }
}

function tooMany(detail: string): GatewayError {
  return new GatewayError('TOO_MANY_TESTS', detail, { retryable: true });
}

/** Testing whether a provider answers with its credential. */
export function registerProviderTest(app: App, context: ApiContext): void {
  const limit = new TestLimit(context.clock);
  app.post(
    '/providers/:name/test',
    {
      schema: {
        params: Params,
        querystring: NoQuery,
        ...describe(
          'providers',
          'Call a provider with its credential and say what is wrong',
          { 200: 'ProviderTest' },
          [400, 404, 413, 415, 429],
        ),
      },
    },
    async (request) => {
      const { name } = request.params;
      const { model } = unwrap(decodeSchema(TestInput, optionalBody(request)));
      const set = context.store.resources();
      const provider = set.providers.get(name);
      if (provider === undefined) throw notFound('Provider', name);
      const result = await limit.run(name, () =>
        testProvider(set, provider, model, {
          call: context.call,
          openCredential: (uid, valueVersion) => context.vault.value(uid, valueVersion),
        }),
      );
      const changes = [{ path: 'test', after: result.error?.code ?? 'ok' }];
      commit(context, request, { dryRun: false, wait: 'none', timeout: '5s' }, () => ({
        result: null,
        audit: { action: 'provider.test', kind: 'Provider', name, changes },
      }));
      return result;
    },
  );
}
