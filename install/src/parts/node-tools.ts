import { GatewayError } from '@hiclaw/service-kit';
import { join } from 'node:path';
import { npmPart } from './npm-part.js';
import { ensurePart } from './part.js';
import { type FindToolOptions, placeOf } from './tool-place.js';

export const NODE_24_VERSION = '24.21.0';
export const MCPORTER_VERSION = '0.12.3';
export const OPENCLAW_VERSION = '2026.9.6';
export const PORTKEY_VERSION = '1.15.2';

const LEAST_NODE_24 = [24, 16] as const;

/** A program of npm together with the Node that it needs: run `node script …`. */
export interface NodeTool {
  /** Absolute path of the Node binary. */
  readonly node: string;
  /** Absolute path of the script. */
  readonly script: string;
}

function isNode24(version: string): boolean {
  const [major = 0, minor = 0] = version.split('.').map(Number);
  return major > LEAST_NODE_24[0] || (major === LEAST_NODE_24[0] && minor >= LEAST_NODE_24[1]);
}

/**
 * A Node ≥ 24.16 for tools that need one: the running one when it is, else the pinned one in the cache folder.
 *
 * @throws GatewayError `NODE_24_PLATFORM` where npm has no Node binary (other than Linux on x86-64 or arm64), `NPM_INSTALL`
 */
export async function findNode24(options: FindToolOptions = {}): Promise<string> {
  if (isNode24(process.versions.node)) return process.execPath;
  const { environment, cache, terminal } = placeOf(options);
  if (process.platform !== 'linux' || (process.arch !== 'x64' && process.arch !== 'arm64')) {
    throw new GatewayError(
      'NODE_24_PLATFORM',
      `This needs Node 24, and npm has no Node binary for ${process.platform} ${process.arch}; run it with Node ${NODE_24_VERSION} or newer.`,
    );
  }
  const part = npmPart({
    name: 'node',
    version: NODE_24_VERSION,
    lock: 'node-24',
    entry: join(`node-linux-${process.arch}`, 'bin', 'node'),
    size: 'about 120 MB',
    environment,
  });
  return ensurePart(part, { cache, terminal });
}

/** The command line MCP client `mcporter`, with the Node it needs. */
export async function findMcporter(options: FindToolOptions = {}): Promise<NodeTool> {
  const { environment, cache, terminal } = placeOf(options);
  const node = await findNode24(options);
  const part = npmPart({
    name: 'mcporter',
    version: MCPORTER_VERSION,
    lock: 'mcporter',
    entry: join('mcporter', 'dist', 'cli.js'),
    size: 'about 45 MB',
    environment,
  });
  return { node, script: await ensurePart(part, { cache, terminal }) };
}

/** The agent OpenClaw, with the Node it needs. */
export async function findOpenClaw(options: FindToolOptions = {}): Promise<NodeTool> {
  const { environment, cache, terminal } = placeOf(options);
  const node = await findNode24(options);
  const part = npmPart({
    name: 'openclaw',
    version: OPENCLAW_VERSION,
    lock: 'openclaw',
    entry: join('openclaw', 'openclaw.mjs'),
    size: 'about 650 MB',
    environment,
  });
  return { node, script: await ensurePart(part, { cache, terminal }) };
}

/**
 * The Portkey gateway; it runs on this Node. Its part overrides `@hono/node-server` by 1.13.7, since with newer ones of the
 * range that it asks for it answers every stream with 500 ("TypeError: immutable").
 */
export async function findPortkey(options: FindToolOptions = {}): Promise<NodeTool> {
  const { environment, cache, terminal } = placeOf(options);
  const part = npmPart({
    name: 'portkey',
    version: PORTKEY_VERSION,
    lock: 'portkey',
    entry: join('@portkey-ai', 'gateway', 'build', 'start-server.js'),
    size: 'about 25 MB',
    environment,
  });
  return { node: process.execPath, script: await ensurePart(part, { cache, terminal }) };
}
