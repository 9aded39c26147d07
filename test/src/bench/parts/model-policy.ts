import { Cleanup } from '../../network/cleanup.js';
import type { BenchContext } from '../context.js';
import { atLeast, atMost, type PartResult, percent, times } from '../report/result.js';
import { modelRequest } from '../requests.js';
import { compare, cpu, disturbance, interleavedRounds, perSecond } from '../rounds.js';
import { CREDENTIAL, startOurRow } from '../rows/our-row.js';
import { extProcRow, nativeModelRow, plainRow, type RowContext } from '../rows/stock-rows.js';
import { startUpstream } from '../rows/upstream.js';
import { loadTable } from './throughput.js';

const CONNECTIONS = 32;

/** The same with the `model` in the body checked: an LLM route against Envoy's own means and against ext_proc. */
export async function modelPolicy({ binary, folder, quick, progress }: BenchContext): Promise<PartResult> {
  await using cleanup = new Cleanup();
  const upstream = cleanup.use(await startUpstream(binary, folder));
  const ours = cleanup.use(await startOurRow(upstream.port));
  const context: RowContext = {
    binary,
    folder,
    upstreamPort: upstream.port,
    token: ours.token,
    credential: CREDENTIAL,
  };
  const plain = cleanup.use(await plainRow(context));
  const native = cleanup.use(await nativeModelRow(context));
  const extProc = cleanup.use(await extProcRow(context));
  const rows = [plain, native, ours, extProc];
  const rounds = await interleavedRounds(rows, {
    rounds: quick ? 2 : 6,
    job: () => ({
      requests: [modelRequest(ours.token)],
      connections: CONNECTIONS,
      warmUpSeconds: quick ? 0.3 : 0.7,
      seconds: quick ? 0.6 : 1.5,
    }),
    restart: true,
    progress,
  });
  return {
    title: 'Model policy: the body is read',
    method: [
      `POST /v1/chat/completions with a 1,000 byte JSON body over ${CONNECTIONS} connections; the gateway must see "model" before it forwards.`,
      'native-model: api_key_auth, json_to_metadata, rbac, credential_injector. ext_proc: a Node gRPC server that gets head and buffered body, its CPU counted with Envoy’s.',
      ...disturbance(rounds, ['plain', native.name, 'ours']),
    ],
    tables: [loadTable(rounds, rows, native.name)],
    targets: [
      atLeast(
        'requests/s with body model policy, against plain Envoy',
        0.7,
        compare(rounds, 'ours', 'plain', perSecond),
        percent,
      ),
      atMost(
        'CPU per request against native json_to_metadata + rbac',
        1,
        compare(rounds, 'ours', native.name, cpu),
        times,
      ),
      atMost('CPU per request against ext_proc', 0.5, compare(rounds, 'ours', 'ext_proc', cpu), times),
    ],
  };
}
