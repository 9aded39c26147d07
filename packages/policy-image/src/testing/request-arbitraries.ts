import fc from 'fast-check';
import type { RequestFacts } from '../oracle/facts.js';
import type { KeyAuthConsumer, KeyAuthRoute } from '../policy.js';
import { body, pieces } from './body-arbitraries.js';
import { BOUNDARY, formBody } from './form-arbitraries.js';
import { LLM_PATHS, MODELS, NOW, type GeneratedPolicy } from './policy-arbitraries.js';
import { tokenFromSeed } from './token-from-seed.js';

type Header = readonly [string, string];

const METHODS = ['GET', 'POST', 'POST', 'POST', 'DELETE', 'PUT', 'HEAD', 'OPTIONS', 'PATCH', 'get', 'BREW'];
const FORM_ENDPOINTS = [
  ...['/audio/transcriptions', '/audio/translations', '/images/edits', '/images/variations'],
  ...['/deployments/gpt-4o/audio/transcriptions', '/deployments/claude-3/images/edits'],
];
/** How many of the endpoints, from the first, are there for whoever may use the model. */
const SERVED = 23;
const ENDPOINTS = [
  ...['/chat/completions', '/completions', '/responses', '/embeddings', '/rerank', '/moderations'],
  ...[
    '/images/generations',
    '/audio/speech',
    '/messages',
    '/messages/count_tokens',
    '/responses/input_tokens',
  ],
  ...[
    '/deployments/gpt-4o/chat/completions',
    '/deployments/gpt-4/embeddings',
    '/models/gpt-4o:generateContent',
  ],
  ...[
    '/models/a:countTokens',
    '/models/gpt-4o-mini:batchEmbedContents',
    '/models/gpt-4:8b:streamGenerateContent',
  ],
  ...FORM_ENDPOINTS,
  ...['/responses/resp_1', '/responses/resp_1/cancel', '/responses/resp_1/input_items', '/responses/a.b'],
  ...[
    '/deployments/gpt%204o/completions',
    '/deployments/a/moderations',
    '/deployments/',
    '/models/a:predict',
  ],
  ...['/models', '/models/', '/files', '', '/', '/chat/completions/', '/modelsx', '/Messages'],
];
const SERVICE_PATHS = [
  '',
  '/',
  '/user',
  '/repos/a',
  '/repos/a/b',
  '/repos/a/issues',
  '/repos',
  '/axb',
  '/a/b',
  '/x/issues',
];
const ODD_PATHS = [
  '',
  '/',
  '/healthz',
  '/healthz/',
  '/mcp-servers/',
  '/services/',
  'v1',
  '*',
  '/V1/models',
  '/mcp-servers/a/mcp/',
];
const ODD_PARTS = [
  '//',
  '/./',
  '/../',
  '/..',
  '/.',
  '%2e',
  '%2F',
  '%5c',
  '%3B',
  '%00',
  '%252f',
  ';',
  '\\',
  'é',
  ' ',
  '\u007f',
  'hck_',
  '%41',
  '..a',
];
const QUERIES = [
  ...[
    '',
    '',
    '',
    '',
    '?',
    '?a=b',
    '?a=;//../%2f',
    '?k=hck_',
    '?model=gpt-4o',
    '?a&%6Dodel',
    '?a=model;Engine=1',
  ],
  ...['?mode%', '?%zzmodel', '?deployments=1'],
];

const EXTRA_HEADERS: readonly Header[] = [
  ['anthropic-version', '2023-06-01'],
  ['Anthropic-Version', ''],
  ['x-hiclaw-consumer', 'manager'],
  ['X-Consumer', 'manager'],
  ['remote-user', '\u00ff\u00fe'],
  ['cookie', 'a=hck_b'],
  ['accept', '*/*'],
  ['upgrade', 'websocket'],
  ['Connection', 'upgrade'],
  ['x-model', 'gpt-4o'],
  ['X-Deployments', ''],
  ['x-note', 'hck'],
  ['x-note', '\u0080\u00ff'],
  ['content-length', '0'],
  ['content-length', '63'],
  ['content-length', '1025'],
  ['content-encoding', 'identity'],
  ['Content-Encoding', 'gzip'],
  ['content-type', 'text/plain'],
];
const TYPES = [
  ...[
    'application/json',
    'application/json',
    'application/json',
    'Application/JSON; charset=UTF-8',
    'application/json;charset="utf-8"',
  ],
  ...[
    'application/json; charset=utf-16',
    'application/json ;; x=y',
    'text/plain',
    '',
    'application/jsonx',
    'application/json; charset',
    'multipart/form-data; boundary=--b',
    'multipart/form-data; boundary=x',
    'multipart/form-data; boundary="--b"; charset=UTF-8',
    'multipart/form-data; boundary=--b; boundary=--b',
    'multipart/form-data; boundary =--b',
    'multipart/form-data',
  ],
];

function pathFor({ policy }: GeneratedPolicy): fc.Arbitrary<string> {
  const llmPaths = [
    ...policy.routes.flatMap((route) => (route.kind === 'llm' ? [route.path] : [])),
    ...LLM_PATHS,
  ];
  const names = ['a', 'chat', 'chat-2', 'github', 'x'.repeat(63), 'none', ''];
  const granted = policy.routes.map(({ key }) => key.slice(key.indexOf('/') + 1));
  const name = fc.constantFrom(...granted, ...granted, ...names);
  const models = fc.constantFrom(...MODELS).map((model) => `/models/${model}`);
  const llm = fc.tuple(
    fc.constantFrom(...llmPaths),
    fc.oneof({ weight: 6, arbitrary: fc.constantFrom(...ENDPOINTS) }, models),
  );
  const sane = fc.oneof(
    { weight: 6, arbitrary: llm.map(([path, endpoint]) => path + endpoint) },
    {
      weight: 2,
      arbitrary: fc
        .tuple(name, fc.constantFrom('mcp', 'mcp', 'sse', 'x', ''))
        .map(([n, end]) => `/mcp-servers/${n}/${end}`),
    },
    {
      weight: 2,
      arbitrary: fc.tuple(name, fc.constantFrom(...SERVICE_PATHS)).map(([n, end]) => `/services/${n}${end}`),
    },
    { weight: 1, arbitrary: fc.constantFrom(...ODD_PATHS) },
  );
  const odd = fc.tuple(sane, fc.nat(), fc.constantFrom(...ODD_PARTS)).map(([path, place, part]) => {
    const at = place % (path.length + 1);
    return path.slice(0, at) + part + path.slice(at);
  });
  return fc
    .tuple(
      fc.oneof({ weight: 8, arbitrary: sane }, { weight: 1, arbitrary: odd }),
      fc.constantFrom(...QUERIES),
    )
    .map(([path, query]) => Buffer.from(path + query, 'utf8').toString('latin1'));
}

function credentialsFor({ tokens }: GeneratedPolicy): fc.Arbitrary<readonly Header[]> {
  const unknown = tokenFromSeed('nobody');
  const known = fc.constantFrom(...tokens, tokens[0] ?? unknown);
  const damaged = fc
    .tuple(known, fc.nat(52), fc.constantFrom('0', 'z', '-', ''))
    .map(([token, at, by]) => token.slice(0, at) + by + token.slice(at + 1));
  const token = fc.oneof(
    { weight: 12, arbitrary: known },
    { weight: 1, arbitrary: damaged },
    fc.constantFrom(unknown, '', 'sk-1'),
  );
  const scheme = fc.constantFrom(
    'Bearer ',
    'Bearer ',
    'Bearer ',
    'bearer ',
    'BEARER ',
    'Basic ',
    'Bearer  ',
    '',
  );
  const bearer = fc.tuple(scheme, token).map(([s, t]): Header => ['authorization', s + t]);
  const plain = known.map((t): Header => ['Authorization', `Bearer ${t}`]);
  const apiKey = fc
    .tuple(fc.constantFrom('x-api-key', 'x-api-key', 'api-key', 'X-Goog-Api-Key'), token)
    .map(([name, t]): Header => [name, t]);
  return fc.oneof(
    { weight: 10, arbitrary: plain.map((header) => [header]) },
    { weight: 3, arbitrary: bearer.map((header) => [header]) },
    { weight: 3, arbitrary: apiKey.map((header) => [header]) },
    {
      weight: 1,
      arbitrary: known.map((t): readonly Header[] => [
        ['authorization', `Bearer ${t}`],
        ['X-API-Key', t],
      ]),
    },
    { weight: 1, arbitrary: fc.array(fc.oneof(bearer, apiKey), { maxLength: 3 }) },
  );
}

const goodBody = fc
  .tuple(fc.constantFrom(...MODELS), fc.option(fc.jsonValue({ maxDepth: 2 })))
  .map(([model, messages]) => Buffer.from(JSON.stringify({ messages, model })));

/** Method, path and credential that fit a grant of this consumer. */
function fittingRequest(
  consumer: KeyAuthConsumer,
  route: KeyAuthRoute,
): fc.Arbitrary<Omit<RequestFacts, 'body' | 'now'>> {
  const name = route.key.slice(route.key.indexOf('/') + 1);
  const line = ((): fc.Arbitrary<readonly [string, string]> => {
    switch (route.kind) {
      case 'llm':
        return fc.oneof(
          {
            weight: 5,
            arbitrary: fc
              .constantFrom(...ENDPOINTS.slice(0, SERVED))
              .map((end) => ['POST', route.path + end] as const),
          },
          {
            weight: 1,
            arbitrary: fc
              .constantFrom('/models', '/models/gpt-4o', '/responses/resp_1')
              .map((end) => ['GET', route.path + end] as const),
          },
        );
      case 'mcp':
        return fc
          .constantFrom('GET', 'POST', 'DELETE')
          .map((method) => [method, `/mcp-servers/${name}/mcp`] as const);
      case 'service':
        return fc
          .tuple(
            fc.constantFrom('GET', 'POST', ...route.rules.flatMap(({ methods }) => methods)),
            fc.constantFrom(...SERVICE_PATHS),
          )
          .map(([method, end]) => [method, `/services/${name}${end}`] as const);
    }
  })();
  const token = fc
    .nat(Math.max(consumer.tokens.length - 1, 0))
    .map((index) => tokenFromSeed(`${consumer.name} ${index}`));
  return fc
    .tuple(line, token, fc.constantFrom('authorization', 'x-api-key'))
    .map(([[method, path], value, header]) => ({
      method,
      path,
      headers: [
        [header, header === 'authorization' ? `Bearer ${value}` : value],
        [
          'content-type',
          FORM_ENDPOINTS.some((end) => path.endsWith(end))
            ? `multipart/form-data; boundary=${BOUNDARY}`
            : 'application/json',
        ],
      ],
    }));
}

/** A request that a consumer may well make, with at most one thing about it that is odd. */
function likelyRequest(generated: GeneratedPolicy): fc.Arbitrary<RequestFacts> | null {
  const { consumers, routes } = generated.policy;
  const fitting = consumers.flatMap((consumer) =>
    consumer.tokens.length === 0
      ? []
      : consumer.grants.flatMap((grant) => {
          const route = routes.find(({ key }) => key === grant.route);
          return route === undefined ? [] : [fittingRequest(consumer, route)];
        }),
  );
  if (fitting.length === 0) return null;
  const jsonBody = fc.oneof(goodBody, body);
  const good = fc.record({
    request: fc.oneof(...fitting).chain((request) => {
      const isForm = request.headers.some(([, value]) => value.startsWith('multipart/'));
      return (isForm ? formBody : jsonBody).chain(pieces).map((parts) => ({ ...request, body: parts }));
    }),
    now: fc.constantFrom(NOW, NOW, NOW, NOW - 1, NOW + 1),
    odd: fc.oneof({ weight: 4, arbitrary: fc.constant(null) }, fc.constantFrom(...EXTRA_HEADERS)),
    query: fc.oneof({ weight: 12, arbitrary: fc.constant('') }, fc.constantFrom(...QUERIES)),
  });
  return good.map(({ request, odd, query, ...rest }) => ({
    ...rest,
    method: request.method,
    body: request.body,
    path: request.path + query,
    headers: odd === null ? request.headers : [odd, ...request.headers],
  }));
}

/** Requests of which many get far under this policy, and which fail in every way there is. */
export function requestFor(generated: GeneratedPolicy): fc.Arbitrary<RequestFacts> {
  const likely = likelyRequest(generated);
  const any = anyRequest(generated);
  return likely === null ? any : fc.oneof({ weight: 4, arbitrary: likely }, { weight: 1, arbitrary: any });
}

function anyRequest(generated: GeneratedPolicy): fc.Arbitrary<RequestFacts> {
  const type = fc.oneof({ weight: 6, arbitrary: fc.constant('application/json') }, fc.constantFrom(...TYPES));
  const headers = fc
    .tuple(
      credentialsFor(generated),
      fc.option(type, { freq: 12 }),
      fc.oneof(
        { weight: 3, arbitrary: fc.constant<Header[]>([]) },
        fc.array(fc.constantFrom(...EXTRA_HEADERS), { maxLength: 2 }),
      ),
    )
    .map(([credentials, contentType, extra]): readonly Header[] => [
      ...extra,
      ...credentials,
      ...(contentType === null ? [] : [['content-type', contentType] as const]),
    ]);
  return fc.record({
    method: fc.constantFrom(...METHODS),
    path: pathFor(generated),
    headers,
    body: fc.oneof({ weight: 3, arbitrary: body }, { weight: 1, arbitrary: formBody }).chain(pieces),
    now: fc.constantFrom(NOW, NOW, NOW, NOW - 1, NOW + 1),
  });
}
