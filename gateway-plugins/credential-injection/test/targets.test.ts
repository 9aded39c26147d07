import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import * as L from '../../../packages/policy-image/src/layout.js';
import { builtPlugin } from '../../policy/test/built-plugin.js';
import { FailingHost } from '../../policy/test/failing-host.js';
import { bodyOf, callRecord, jsonModel, LlmRequest } from './support/llm-request.js';
import { credential, imageOf, KEY, OPENAI, reasonOf, Replica, sent, upstream } from './support/replica.js';

const AZURE = 'providers/azure azure.test:443 gpt-4o-eu';
const BODY = Buffer.from('{"model":"gpt-4o","messages":[{"role":"user","content":"gpt-4o?"}]}');

const image = imageOf(
  [
    credential('c/1'),
    credential('c/2', {
      name: 'api-key',
      prefix: '',
      hosts: ['azure.test'],
      value: Buffer.from('azure-key'),
    }),
    credential('c/3', {
      placement: 'query',
      name: 'key',
      prefix: '',
      hosts: ['gemini.test'],
      value: Buffer.from('gemini-key'),
    }),
    credential('c/4', {
      placement: 'basic',
      name: '',
      prefix: '',
      hosts: ['basic.test'],
      value: Buffer.from('u:basic-key'),
    }),
  ],
  [
    upstream({ path: '/v1', addsUsage: true }),
    upstream({ key: 'providers/azure', host: 'azure.test:443', credential: 'c/2', path: '/openai/v1' }),
    upstream({ key: 'providers/gemini', host: 'gemini.test:443', credential: 'c/3', path: '/v1beta' }),
    upstream({ key: 'providers/basic', host: 'basic.test:443', credential: 'c/4' }),
    upstream({ key: 'providers/open', host: 'open.test:80', credential: null, path: '/api/paas/v4' }),
  ],
);
const SECRETS = [
  'sk-real-0123456789',
  'azure-key',
  'gemini-key',
  Buffer.from('u:basic-key').toString('base64'),
];
const TARGETS = [
  [`${OPENAI} `, SECRETS[0]],
  [AZURE, SECRETS[1]],
  ['providers/gemini gemini.test:443 gemini-2.5-pro', SECRETS[2]],
  ['providers/basic basic.test:443 ', SECRETS[3]],
  ['providers/open open.test:80 m', undefined],
] as const;

const call = callRecord(BODY, { model: jsonModel(BODY, 'gpt-4o') });

describe('an attempt to one of several targets', () => {
  it('gets base path, model and length of its own, and no other byte changes', () => {
    const request = new LlmRequest(new Replica(image), BODY, call);
    const azure = request.attempt(AZURE);
    expect(bodyOf(azure)).toBe('{"model":"gpt-4o-eu","messages":[{"role":"user","content":"gpt-4o?"}]}');
    expect(sent(azure, ':path')).toBe('/openai/v1/chat/completions');
    expect(sent(azure, 'api-key')).toBe('azure-key');
    const openai = request.attempt(`${OPENAI} `);
    expect(bodyOf(openai)).toBe(BODY.toString());
    expect(sent(openai, ':path')).toBe('/v1/chat/completions');
    expect(sent(openai, 'authorization')).toBe(`Bearer ${SECRETS[0]}`);
  });

  it('never gets a credential of another, whatever the order of attempts', () => {
    const replica = new Replica(image);
    const order = fc.array(fc.nat(TARGETS.length - 1), { minLength: 1, maxLength: 8 });
    fc.assert(
      fc.property(order, (attempts) => {
        const request = new LlmRequest(replica, BODY, call);
        for (const index of attempts) {
          const [metadata, own] = TARGETS[index]!;
          const stream = request.attempt(metadata);
          const { headers, body } = stream.forwardedRequest;
          const everything = JSON.stringify([headers, Buffer.from(body).toString('latin1')]);
          for (const secret of SECRETS) expect(everything.includes(secret), secret).toBe(secret === own);
          bodyOf(stream);
          stream.end();
        }
      }),
      { numRuns: 300 },
    );
  });

  it('loses the credential of an attempt before, even when a policy without it came between', () => {
    const replica = new Replica(image);
    const request = new LlmRequest(replica, BODY, call);
    expect(sent(request.attempt(AZURE), 'api-key')).toBe('azure-key');
    const next = imageOf([credential('c/1')], [upstream({ path: '/v1' })]);
    expect(replica.push(next)).toBe(true);
    const stream = request.attempt(`${OPENAI} `);
    expect(sent(stream, 'api-key')).toBeUndefined();
    expect(sent(stream, 'authorization')).toBe(`Bearer ${SECRETS[0]}`);
  });

  it('keeps the query, and the model in the path is encoded', () => {
    const path = '/llm/models/gpt%2D4o:generateContent?alt=sse&key=mine';
    const model = { edit: L.CALL_EDIT_PATH_MODEL, offset: 12, length: 8 };
    const record = callRecord(BODY, { path, prefix: '/llm', model });
    const request = new LlmRequest(new Replica(image), BODY, record);
    const gemini = request.attempt('providers/gemini gemini.test:443 a/b c?ü');
    expect(sent(gemini, ':path')).toBe(
      '/v1beta/models/a%2Fb%20c%3F%C3%BC:generateContent?alt=sse&key=gemini-key',
    );
    expect(bodyOf(gemini)).toBe(BODY.toString());
    const open = request.attempt('providers/open open.test:80 ');
    expect(sent(open, ':path')).toBe('/api/paas/v4/models/gpt%2D4o:generateContent?alt=sse&key=mine');
  });

  it('writes the model as JSON, whatever it holds', () => {
    const body = Buffer.from('{ "model" : "gpt\\u002d4o" , "x":1}');
    const model = { edit: L.CALL_EDIT_JSON_MODEL, offset: 12, length: 13 };
    const request = new LlmRequest(new Replica(image), body, callRecord(body, { model }));
    const stream = request.attempt('providers/azure azure.test:443 a"b\\c é');
    expect(bodyOf(stream)).toBe('{ "model" : "a\\"b\\\\c é" , "x":1}');
  });

  it('writes the model of a form as it is', () => {
    const body = Buffer.from(
      '--b\r\ncontent-disposition: form-data; name="model"\r\n\r\nwhisper-1\r\n--b--\r\n',
    );
    const model = { edit: L.CALL_EDIT_MULTIPART_MODEL, offset: body.indexOf('whisper-1'), length: 9 };
    const request = new LlmRequest(new Replica(image), body, callRecord(body, { model }));
    expect(bodyOf(request.attempt('providers/azure azure.test:443 whisper "eu"'))).toBe(
      body.toString().replace('whisper-1', 'whisper "eu"'),
    );
  });

  it('has no body work for a request without one', () => {
    const replica = new Replica(image);
    const record = callRecord(Buffer.alloc(0), { path: '/v1/responses/resp_1' });
    const request = new LlmRequest(replica, Buffer.alloc(0), record);
    const stream = request.attempt(AZURE);
    expect(sent(stream, ':path')).toBe('/openai/v1/responses/resp_1');
  });
});

const FORMS: readonly (readonly [
  form: number,
  before: string,
  at: string,
  replaced: string,
  after: string,
])[] = [
  [1, '{"stream":true}', '"stream"', '', '{"stream_options":{"include_usage":true},"stream":true}'],
  [
    2,
    '{"stream_options":{ },"stream":true}',
    ' }',
    '',
    '{"stream_options":{"include_usage":true },"stream":true}',
  ],
  [3, '{"stream_options":{"a":1}}', '"a"', '', '{"stream_options":{"include_usage":true,"a":1}}'],
  [
    4,
    '{"stream_options":{"include_usage":false}}',
    'false',
    'false',
    '{"stream_options":{"include_usage":true}}',
  ],
  [5, '{"stream_options":null}', 'null', 'null', '{"stream_options":{"include_usage":true}}'],
];

describe('usage', () => {
  it.each(FORMS)('form %i', (form, before, at, replaced, after) => {
    const body = Buffer.from(before);
    const usage = { form, offset: body.indexOf(at), length: replaced.length };
    const record = callRecord(body, { usage });
    expect(bodyOf(new LlmRequest(new Replica(image), body, record).attempt(OPENAI)), 'alone').toBe(after);
    const request = new LlmRequest(new Replica(image), body, record);
    expect(bodyOf(request.attempt(AZURE)), 'where it is not understood').toBe(before);
    expect(bodyOf(request.attempt(`${OPENAI} `)), 'as a target').toBe(after);
  });

  it('leaves length and body in agreement when a policy that does not want it comes between attempts', () => {
    const body = Buffer.from('{"stream":true}');
    const record = callRecord(body, { usage: { form: 1, offset: 1, length: 0 } });
    const replica = new Replica(image);
    const request = new LlmRequest(replica, body, record);
    expect(bodyOf(request.attempt(OPENAI))).toContain('include_usage');
    expect(replica.push(imageOf([credential('c/1')], [upstream({ addsUsage: false })]))).toBe(true);
    expect(bodyOf(request.attempt(OPENAI))).toBe(body.toString());
  });
});

describe('a body in pieces', () => {
  it('is edited alike wherever it is cut', () => {
    const replica = new Replica(image);
    const text = fc.string({ unit: 'grapheme', maxLength: 40 });
    const cases = fc.record({
      before: text,
      between: text,
      after: text,
      mapped: fc.string({ minLength: 1, maxLength: 30, unit: 'grapheme-ascii' }),
      first: fc.boolean(),
      cuts: fc.array(fc.nat(), { maxLength: 6 }),
      pieces: fc.boolean(),
    });
    fc.assert(
      fc.property(cases, ({ before, between, after, mapped, first, cuts, pieces }) => {
        const parts = first ? ['"gpt-4o"', 'false'] : ['false', '"gpt-4o"'];
        const changed = first ? [JSON.stringify(mapped), 'true'] : ['true', JSON.stringify(mapped)];
        const head = Buffer.byteLength(before);
        const next = head + (parts[0]?.length ?? 0) + Buffer.byteLength(between);
        const body = Buffer.from(`${before}${parts[0]}${between}${parts[1]}${after}}`);
        const model = { edit: L.CALL_EDIT_JSON_MODEL, offset: first ? head : next, length: 8 };
        const usage = { form: L.CALL_USAGE_VALUE, offset: first ? next : head, length: 5 };
        const all = pieces
          ? Array.from({ length: body.length }, (_, i) => i)
          : cuts.map((cut) => cut % body.length);
        const request = new LlmRequest(replica, body, callRecord(body, { model, usage }));
        const stream = request.attempt(
          `providers/openai api.openai.com:443 ${mapped}`,
          all.sort((a, b) => a - b),
        );
        expect(bodyOf(stream)).toBe(`${before}${changed[0]}${between}${changed[1]}${after}}`);
        stream.end();
      }),
      { numRuns: 500 },
    );
  });

  it('may end with an empty piece, and leaves nothing behind', () => {
    const replica = new Replica(image);
    const request = (): LlmRequest => new LlmRequest(replica, BODY, call);
    expect(bodyOf(request().attempt(AZURE, [BODY.length]))).toContain('gpt-4o-eu');
    const before = replica.vm.memorySize;
    for (let i = 0; i < 5_000; i++) {
      // The client goes away in the middle of its body.
      request().attempt(AZURE, [12], false).end();
    }
    expect(replica.vm.memorySize).toBe(before);
  });

  it('takes 4 MB with the model at its end', () => {
    const body = Buffer.from(`{"input":"${'x'.repeat(4 << 20)}","model":"gpt-4o"}`);
    const request = new LlmRequest(
      new Replica(image),
      body,
      callRecord(body, { model: jsonModel(body, 'gpt-4o') }),
    );
    const expected = body.toString().replace('"gpt-4o"', '"gpt-4o-eu"');
    expect(bodyOf(request.attempt(AZURE, [1 << 20])) === expected).toBe(true);
  });
});

describe('refusals', () => {
  const refused = (record: Uint8Array | null, metadata = AZURE): string | undefined =>
    reasonOf(new LlmRequest(new Replica(image), BODY, record).attempt(metadata));

  it('a target without the record of the call', () => {
    expect(refused(null)).toBe('internal');
    expect(refused(Buffer.alloc(0))).toBe('internal');
  });

  it('a record cut short, continued or with any field out of bounds', () => {
    for (let length = 0; length < call.length; length++)
      expect(refused(call.subarray(0, length))).toBe('internal');
    expect(refused(Buffer.concat([call, Buffer.from('x')]))).toBe('internal');
    for (const [field, values] of [
      [L.CALL_EDITS, [0, 2, 1 | 2 | 4, 1 | 2 | 8, 1 | 32, 0xffffffff]],
      [L.CALL_MODEL_OFFSET, [BODY.length, BODY.length - 8, 0xffffffff]],
      [L.CALL_MODEL_LENGTH, [0, 1, BODY.length, 0xffffffff]],
      [L.CALL_BODY_LENGTH, [0, 9, 16]],
      [L.CALL_PREFIX_LENGTH, [1, 2, 4, 20, 21, 0xffffffff]],
      [L.CALL_PATH_LENGTH, [0, 19, 21, 0xffffffff]],
    ] as const) {
      for (const value of values) {
        const record = Buffer.from(call);
        record.writeUInt32LE(value, field);
        expect(refused(record), `${field}: ${value}`).toBe('internal');
      }
    }
    const usages = [
      { form: 0, offset: 1, length: 0 },
      { form: 6, offset: 1, length: 0 },
      { form: 1, offset: 1, length: 1 },
      { form: 4, offset: 1, length: 0 },
      { form: 1, offset: BODY.length, length: 0 },
      { form: 4, offset: 10, length: 0xffffffff },
    ];
    for (const usage of usages) expect(refused(callRecord(BODY, { usage }), OPENAI)).toBe('internal');
    // Within the model.
    const overlap = { model: jsonModel(BODY, 'gpt-4o'), usage: { form: 1, offset: 10, length: 0 } };
    expect(refused(callRecord(BODY, overlap), 'providers/openai api.openai.com:443 m')).toBe('internal');
  });

  it('a body that is not as long as was said', () => {
    for (const length of [BODY.length - 1, BODY.length + 1]) {
      const record = Buffer.from(call);
      record.writeUInt32LE(length, L.CALL_BODY_LENGTH);
      const stream = new LlmRequest(new Replica(image), BODY, record).attempt(AZURE);
      expect(stream.localResponse?.status).toBe(503);
      expect(stream.forwardedRequest.ended).toBe(false);
    }
  });

  it('a hostcall that fails', async () => {
    const wasm = await builtPlugin('credential-injection');
    const host = new FailingHost(wasm, {
      configuration: image,
      headers: [[':path', '/v1/chat/completions']],
      body: BODY.toString(),
      environment: { HICLAW_GATEWAY_KEY: KEY.toString('hex') },
      properties: {
        'xds.upstream_host_metadata.filter_metadata.hiclaw.upstream': AZURE,
        'hiclaw.injected': 'authorization',
        'hiclaw.call': call.toString('latin1'),
      },
    });
    expect(host.configure()).toBe(true);
    const attempt = (context: number): readonly number[] => {
      host.replies.length = 0;
      if (host.run('proxy_on_request_headers', context, 1, 0) === 0) {
        host.run('proxy_on_request_body', context, BODY.length, 1);
      }
      host.run('proxy_on_delete', context);
      return [...host.replies];
    };
    expect(attempt(2)).toEqual([]);
    const hostcalls = [
      'proxy_get_property',
      'proxy_set_property',
      'proxy_remove_header_map_value',
      'proxy_replace_header_map_value',
      'proxy_get_buffer_bytes',
      'proxy_set_buffer_bytes',
    ];
    for (const [index, name] of hostcalls.entries()) {
      host.failing.set(name, 10);
      expect(attempt(3 + index), name).toEqual([503]);
      host.failing.delete(name);
    }
  });
});
