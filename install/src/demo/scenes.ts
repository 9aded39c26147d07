import { Secret } from '@hiclaw/service-kit';
import { type Caller, callerOf } from './caller.js';
import type { McpExample } from './mcp-example.js';
import type { Narrator } from './narrator.js';
import type { PretendProvider } from './pretend-provider.js';
import type { Registrar } from './registrar.js';

/** Everything on the stage. */
export interface Stage {
  readonly narrator: Narrator;
  readonly registrar: Registrar;
  readonly provider: PretendProvider;
  readonly mcp: McpExample;
  /** Every gateway replica's address. */
  readonly gateways: readonly string[];
  /** Name of all that the demo creates. */
  readonly name: string;
  /** What the pretend provider and the MCP server take; not real, hence shown. */
  readonly keys: { readonly provider: string; readonly mcp: string };
}

const STREAM_CUT_WITHIN_MS = 5000;

function chat(model: string, stream: boolean): object {
  return { model, stream, messages: [{ role: 'user', content: 'hello' }] };
}

async function registerUpstreams({ narrator, registrar, provider, mcp, name, keys }: Stage): Promise<void> {
  narrator.step('The admin registers the real keys: a provider and an MCP server');
  const llmHost = `127.0.0.1:${provider.port}`;
  const mcpHost = `127.0.0.1:${mcp.port}`;
  await registrar.create('credentials', `${name}-llm`, { value: keys.provider, hosts: [llmHost] });
  await registrar.create('providers', name, {
    protocol: 'openai',
    baseUrl: `http://${llmHost}/v1`,
    credential: `${name}-llm`,
    models: ['small', 'large'],
  });
  await registrar.create('llm-routes', name, {
    path: `/${name}/v1`,
    models: ['small', 'large'],
    targets: [{ provider: name }],
  });
  await registrar.create('credentials', `${name}-mcp`, { value: keys.mcp, hosts: [mcpHost] });
  await registrar.create('mcp-servers', name, { url: `http://${mcpHost}/mcp`, credential: `${name}-mcp` });
  const stored = JSON.stringify(await registrar.call('GET', `/credentials/${name}-llm`));
  narrator.check(!stored.includes(keys.provider), 'no answer of the API shows the key again');
}

async function makeConsumer({ narrator, registrar, name }: Stage): Promise<Secret> {
  narrator.step('A worker gets a consumer and one revocable token');
  await registrar.create('consumers', name, {});
  const answer = (await registrar.call('POST', `/consumers/${name}/tokens?wait=applied&timeout=10s`, {
    description: 'demo',
  })) as {
    readonly token: string;
  };
  narrator.check(
    /^hck_[0-9A-Za-z]{49}$/.test(answer.token),
    `the token ${answer.token.slice(0, 8)}… is shown this once`,
  );
  return new Secret(answer.token);
}

async function denyByDefault({ narrator, name }: Stage, caller: Caller): Promise<void> {
  narrator.step('Nothing is allowed until somebody allows it');
  const refused = await caller.post(`/${name}/v1/chat/completions`, chat('small', false));
  narrator.check(
    refused.status === 403 && refused.reason === 'route-not-allowed',
    'the gateway refuses: route-not-allowed',
  );
}

async function allow(stage: Stage, caller: Caller, token: Secret): Promise<void> {
  const { narrator, registrar, provider, name, keys } = stage;
  narrator.step('The admin allows the model "small"; the call goes through with the real key');
  await registrar.call('PUT', `/llm-routes/${name}/allowedConsumers/${name}?wait=applied&timeout=10s`, {
    models: ['small'],
  });
  const answered = await caller.post(`/${name}/v1/chat/completions`, chat('small', false));
  narrator.check(answered.status === 200, 'the pretend provider answered');
  const seen = provider.seen.join('\n');
  narrator.check(seen.includes(`Bearer ${keys.provider}`), `the provider saw the real key ${keys.provider}`);
  narrator.check(!seen.includes(token.expose()), 'the provider never saw the token');
  narrator.step('Another model of the same provider stays refused');
  const refused = await caller.post(`/${name}/v1/chat/completions`, chat('large', false));
  narrator.check(
    refused.status === 403 && refused.reason === 'model-not-allowed',
    'the gateway refuses: model-not-allowed',
  );
}

/** The JSON-RPC message of an answer that is JSON or one event of a stream. */
function rpcResult(text: string): string {
  return /^data: (.*)$/m.exec(text)?.[1] ?? text;
}

async function callTool(
  stage: Stage,
  caller: Caller,
  token: Secret,
): Promise<Readonly<Record<string, string>>> {
  const { narrator, registrar, mcp, name, keys } = stage;
  narrator.step('An MCP server, the same way: refused, allowed, called');
  const path = `/mcp-servers/${name}/mcp`;
  const initialize = {
    jsonrpc: '2.0',
    id: 1,
    method: 'initialize',
    params: { protocolVersion: '2025-06-18', capabilities: {}, clientInfo: { name: 'demo', version: '1' } },
  };
  const refused = await caller.post(path, initialize);
  narrator.check(refused.status === 403, 'the gateway refuses, as a JSON-RPC error');
  await registrar.call('PUT', `/mcp-servers/${name}/allowedConsumers/${name}?wait=applied&timeout=10s`, {});
  const opened = await caller.post(path, initialize);
  const session = opened.headers['mcp-session-id'];
  narrator.check(opened.status === 200 && typeof session === 'string', 'the session is open');
  const headers = { 'mcp-session-id': String(session), 'mcp-protocol-version': '2025-06-18' };
  await caller.post(path, { jsonrpc: '2.0', method: 'notifications/initialized' }, headers);
  const params = { name: 'echo', arguments: { message: 'hello from behind the gateway' } };
  const called = await caller.post(path, { jsonrpc: '2.0', id: 2, method: 'tools/call', params }, headers);
  narrator.check(
    rpcResult(called.text).includes('hello from behind the gateway'),
    'the tool "echo" answered',
  );
  narrator.check(
    mcp.authorizations.includes(`Bearer ${keys.mcp}`) && !mcp.authorizations.join().includes(token.expose()),
    `the MCP server saw the real key ${keys.mcp} and never the token`,
  );
  return headers;
}

async function revoke(
  stage: Stage,
  caller: Caller,
  session: Readonly<Record<string, string>>,
): Promise<void> {
  const { narrator, registrar, name } = stage;
  narrator.step('The admin revokes the worker while two of its streams are running');
  const llm = await caller.stream(`/${name}/v1/chat/completions`, chat('small', true));
  const events = await caller.stream(`/mcp-servers/${name}/mcp`, null, session);
  await llm.events(3);
  narrator.note('three words have come; the MCP event stream is open and idle');
  const started = performance.now();
  const answer = await registrar.call('POST', `/consumers/${name}/revoke`);
  const answeredMs = performance.now() - started;
  await Promise.all([llm.ended(STREAM_CUT_WITHIN_MS), events.ended(STREAM_CUT_WITHIN_MS)]);
  const cutMs = performance.now() - started;
  const replicas = (answer as { readonly replicas: readonly { readonly applied: boolean }[] }).replicas;
  narrator.check(
    replicas.length === stage.gateways.length && replicas.every(({ applied }) => applied),
    `${replicas.length === 1 ? 'the gateway' : `all ${replicas.length} gateways`} confirmed after ${answeredMs.toFixed(0)} ms`,
  );
  narrator.check(
    true,
    `both streams were cut, the last ${cutMs.toFixed(0)} ms after the revocation was asked for`,
  );
}

async function refusedEverywhere(stage: Stage, token: Secret): Promise<void> {
  const { narrator, gateways, name } = stage;
  for (const url of gateways) {
    const refused = await callerOf(url, token, narrator).post(
      `/${name}/v1/chat/completions`,
      chat('small', false),
    );
    narrator.check(
      refused.status === 401 && refused.reason === 'consumer-revoked',
      'and whatever it tries next is refused: consumer-revoked',
    );
  }
}

/** Plays the whole story. */
export async function play(stage: Stage): Promise<void> {
  await registerUpstreams(stage);
  const token = await makeConsumer(stage);
  const caller = callerOf(stage.gateways[0] ?? '', token, stage.narrator);
  await denyByDefault(stage, caller);
  await allow(stage, caller, token);
  const session = await callTool(stage, caller, token);
  await revoke(stage, caller, session);
  await refusedEverywhere(stage, token);
}
