/**
 * `make bench`. Environment: `BENCH_ONLY` runs one part, `BENCH_QUICK=1` takes short rounds (for trying out; the
 * documentation stays as it is). Writes `test/bench/results/latest.json`, prints the tables, and after a whole run
 * brings `docs/benchmarks.md` up to date. Exit status 1 when a part failed; a missed target is a result, not a failure.
 */
import { mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { inspect } from 'node:util';
import { findEnvoy } from '@hiclaw/install';
import type { Part } from './context.js';
import { assertCores } from './cores.js';
import { consumers } from './parts/consumers.js';
import { editsMemory } from './parts/edits-memory.js';
import { modelPolicy } from './parts/model-policy.js';
import { peers } from './parts/peers.js';
import { revoke } from './parts/revoke.js';
import { sse } from './parts/sse.js';
import { start } from './parts/start.js';
import { throughput } from './parts/throughput.js';
import { usageOverhead } from './parts/usage-overhead.js';
import { describeMachine } from './report/machine.js';
import { markdown, replaceResults } from './report/markdown.js';
import type { BenchResult } from './report/result.js';

const PARTS: Readonly<Record<string, Part>> = {
  throughput,
  'model-policy': modelPolicy,
  consumers,
  sse,
  'usage-overhead': usageOverhead,
  peers,
  revoke,
  'edits-memory': editsMemory,
  start,
};

const repository = join(dirname(fileURLToPath(import.meta.url)), '..', '..', '..');
const { BENCH_ONLY: only = '', BENCH_QUICK: quickSetting = '' } = process.env;
if (only !== '' && !(only in PARTS)) {
  throw new Error(
    `BENCH_ONLY=${only}: there is no such part; choose one of ${Object.keys(PARTS).join(', ')}`,
  );
}
assertCores();
const quick = quickSetting === '1';
const binary = await findEnvoy();
const startedAt = new Date().toISOString();
const began = performance.now();
const progress = (line: string): void => void process.stderr.write(`${line}\n`);

const parts: Record<string, BenchResult['parts'][string]> = {};
const failed: string[] = [];
for (const [name, part] of Object.entries(PARTS)) {
  if (only !== '' && name !== only) continue;
  const folder = await mkdtemp(join(tmpdir(), 'hiclaw-bench-'));
  const from = performance.now();
  try {
    progress(`${name} …`);
    const result = await part({ binary, folder, quick, progress: (line) => progress(`  ${line}`) });
    parts[name] = { ...result, seconds: seconds(from) };
  } catch (error) {
    failed.push(name);
    progress(`${name} failed: ${inspect(error)}`);
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

const result: BenchResult = {
  machine: describeMachine(binary),
  startedAt,
  seconds: seconds(began),
  quick,
  parts,
};
const text = markdown(result);
process.stdout.write(`${text}\n`);
const results = join(repository, 'test', 'bench', 'results');
await mkdir(results, { recursive: true });
await writeFile(join(results, 'latest.json'), `${JSON.stringify(result, null, 2)}\n`);
if (only === '' && !quick && failed.length === 0) {
  const document = join(repository, 'docs', 'benchmarks.md');
  await writeFile(document, replaceResults(await readFile(document, 'utf8'), text));
}
if (failed.length > 0) {
  progress(`Failed: ${failed.join(', ')}`);
  process.exitCode = 1;
}

function seconds(since: number): number {
  return Math.round((performance.now() - since) / 100) / 10;
}
