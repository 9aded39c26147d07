import fc from 'fast-check';
import { beforeAll, describe, expect, it } from 'vitest';
import { Gateway, keyAuthModule } from './support/gateway.js';
import { usageCorpus, type UsageCase } from './support/usage-corpus.js';
import { beginCall, publishedUsage, recordOf, respond, usageImage } from './support/usage-stream.js';

let gateway: Gateway;

beforeAll(async () => {
  gateway = new Gateway(await keyAuthModule(), usageImage());
});

/** What the plugin makes of a response that comes in these pieces. */
function pass(call: UsageCase, pieces: readonly Uint8Array[]): { record: unknown; client: string } {
  const stream = beginCall(gateway, call);
  respond(stream, call, pieces);
  return {
    record: publishedUsage(stream),
    client: Buffer.from(stream.forwardedResponse.body).toString('latin1'),
  };
}

function expected(call: UsageCase): { record: unknown; client: string } {
  return { record: recordOf(call), client: call.client.toString('latin1') };
}

function cutAt(body: Buffer, cuts: readonly number[]): Buffer[] {
  const places = [0, ...[...cuts].sort((a, b) => a - b), body.length];
  return places.slice(1).map((to, index) => body.subarray(places[index], to));
}

describe.each(usageCorpus())('usage of $topic', ({ cases }) => {
  it.each(cases.map((call) => [call.name, call] as const))('%s', (_, call) => {
    expect(pass(call, call.pieces)).toEqual(expected(call));
  });

  it.each(cases.map((call) => [call.name, call] as const))('%s, cut anywhere', (_, call) => {
    const body = Buffer.concat(call.pieces);
    const wanted = JSON.stringify(expected(call));
    const isAsWanted = (pieces: readonly Buffer[]): void => {
      const got = pass(call, pieces);
      // Not toEqual for all of them: it takes longer than the plugin does.
      if (JSON.stringify(got) !== wanted) expect(got, `${pieces.length} pieces`).toEqual(expected(call));
    };
    if (body.length === 0) return;
    isAsWanted([body]);
    isAsWanted([...body.keys()].map((at) => body.subarray(at, at + 1)));
    for (let cut = 1; cut < body.length; cut++) isAsWanted(cutAt(body, [cut]));
    fc.assert(
      fc.property(fc.array(fc.nat(body.length), { maxLength: 12 }), (cuts) => {
        isAsWanted(cutAt(body, cuts));
      }),
      { numRuns: 30 },
    );
  });
});
