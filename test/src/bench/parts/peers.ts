import { GatewayError } from '@hiclaw/service-kit';
import { Cleanup } from '../../network/cleanup.js';
import type { BenchContext } from '../context.js';
import { LOAD_CORE, residentMib } from '../cores.js';
import {
  type WholeCase,
  wholeFigure,
  wholeRatio,
  type WholeRound,
  wholeRounds,
} from '../load/whole-rounds.js';
import { atLeast, type PartResult, type Table, times } from '../report/result.js';
import { chatCall } from '../requests.js';
import { startHelper } from '../rows/helper.js';
import { createStreamPolicy, CREDENTIAL, startOurRow } from '../rows/our-row.js';
import { type ChatRow, LITELLM, liteLlmRow, PORTKEY, portkeyRow } from '../rows/peer-rows.js';
import { startUpstream } from '../rows/upstream.js';
import { assertStream, type StreamCase } from '../sse/assert-stream.js';
import { figure } from '../statistics.js';

const CONNECTIONS = 32;
const CHUNKS = 20;
const INTERVAL_MS = 5;

/** How many times the peer's requests per CPU second ours must reach. */
const TARGETS = [
  { peer: LITELLM, least: 80 },
  { peer: PORTKEY, least: 10 },
] as const;

/** Other gateways for LLM calls, as their makers publish them, with the same core to themselves. */
export async function peers({ binary, folder, quick, progress }: BenchContext): Promise<PartResult> {
  await using cleanup = new Cleanup();
  const upstream = cleanup.use(await startUpstream(binary, folder));
  const env = { INTERVAL_MS: String(INTERVAL_MS) };
  const streaming = cleanup.use(
    await startHelper(new URL('../sse/chat-upstream.js', import.meta.url), env, LOAD_CORE),
  );
  const rows: ChatRow[] = [];
  for (const [name, accessLog] of [
    ['ours', false],
    ['ours + access log', true],
  ] as const) {
    const ours = cleanup.use(await startOurRow(upstream.port, { name, accessLog }));
    await createStreamPolicy(ours.network, streaming.port);
    const { token } = ours;
    const stream = chatCall({ path: '/streams/chat/completions', token, chunks: CHUNKS });
    rows.push({ row: ours, json: chatCall({ token }), stream });
  }
  const left: string[] = [];
  const context = {
    folder,
    jsonPort: upstream.port,
    streamPort: streaming.port,
    credential: CREDENTIAL,
    chunks: CHUNKS,
  };
  for (const [name, start] of [
    [PORTKEY, portkeyRow],
    [LITELLM, liteLlmRow],
  ] as const) {
    try {
      progress(`starting ${name}`);
      const peer = await start(context);
      cleanup.use(peer.row);
      rows.push(peer);
    } catch (error) {
      // What cannot be installed here is left out; what was installed and does not work is a failure.
      if (!(error instanceof GatewayError)) throw error;
      progress(`${name} is left out: ${error.message}`);
      left.push(`**${name} is left out:** ${error.message.split('\n', 1)[0] ?? ''}`);
    }
  }
  const json = rows.map(({ row, json: call }): WholeCase => ({ name: row.name, row, call }));
  const streams = rows.map(({ row, stream: call }): StreamCase => ({
    name: `${row.name}, streams`,
    row,
    call,
    chunks: CHUNKS,
  }));
  for (const one of streams) await assertStream(one);
  const options = {
    rounds: quick ? 1 : 3,
    connections: CONNECTIONS,
    seconds: quick ? 1 : 2,
    warmUpSeconds: quick ? 0.5 : 0.8,
    progress,
  };
  const jsonRounds = await wholeRounds(json, options);
  const streamRounds = await wholeRounds(streams, options);
  return {
    title: 'Other LLM gateways',
    method: [
      `Chat calls of 1,000 bytes over ${CONNECTIONS} connections, answered with JSON, and with streams of ${CHUNKS} chunks, one per ${INTERVAL_MS} ms. Every gateway has one core and one worker; ours authenticates, checks the model, injects the credential, reads the usage and writes it to the journal.`,
      `${LITELLM}: its proxy with a master key, without a database and without a log. ${PORTKEY}: the client brings the provider’s key, nobody is authenticated. One process of each serves all rounds, ours is started anew for each. Memory is the gateway’s after all its calls; ours does not count the policy server, which no request waits for.`,
      ...left,
    ],
    tables: [peerTable(json, jsonRounds, 'requests'), peerTable(streams, streamRounds, 'streams')],
    targets: TARGETS.flatMap(({ peer, least }) => {
      const index = rows.findIndex(({ row }) => row.name === peer);
      if (index === -1) return [];
      const ratio = wholeRatio(jsonRounds[index], jsonRounds[0], ({ cpuPerAnswer }) => cpuPerAnswer);
      return [atLeast(`requests per CPU second against ${peer}`, least, ratio, times)];
    }),
  };
}

/** The first case is ours, without an access log, since the others write none either. */
function peerTable(
  cases: readonly WholeCase[],
  rounds: readonly (readonly WholeRound[])[],
  what: string,
): Table {
  return {
    columns: [
      { key: 'perSecond', title: `${what}/s`, digits: 0 },
      { key: 'perCpu', title: `${what} per CPU s`, digits: 0 },
      { key: 'ours', title: 'ours has x', digits: 1 },
      { key: 'latency', title: 'p50 ms', digits: 2 },
      { key: 'memory', title: 'RSS MiB', digits: 0 },
    ],
    rows: cases.map(({ name, row }, index) => ({
      label: name,
      cells: {
        perSecond: wholeFigure(rounds[index], ({ perSecond }) => perSecond),
        perCpu: wholeFigure(rounds[index], ({ cpuPerAnswer }) => 1 / cpuPerAnswer),
        ours: wholeRatio(rounds[index], rounds[0], ({ cpuPerAnswer }) => cpuPerAnswer),
        latency: wholeFigure(rounds[index], ({ latency }) => latency),
        memory: figure([row.pids.reduce((sum, pid) => sum + residentMib(pid), 0)]),
      },
    })),
  };
}
