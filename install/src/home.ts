import { existsSync, mkdirSync, readdirSync, readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { ensurePrivateDirectory, GatewayError, writePrivateFile } from '@hiclaw/service-kit';
import type { RunSettings } from './settings.js';

/** Files of an installation. */
export interface HomePaths {
  readonly home: string;
  /** Says that the folder is ours, and what it runs with. */
  readonly marker: string;
  readonly lock: string;
  readonly adminToken: string;
  readonly gatewayKey: string;
  readonly plan: string;
  readonly status: string;
  readonly supervisorPid: string;
  readonly adsSocket: string;
  readonly gatewaySocket: string;
  /** Folder of the gateways' usage journals, each `<node id>.jsonl`. */
  readonly usageJournals: string;
  readonly logs: string;
  readonly supervisorLog: string;
}

interface Marker {
  readonly kind: 'hiclaw-home';
  readonly settings: Partial<RunSettings>;
}

export function homePaths(home: string): HomePaths {
  const run = join(home, 'run');
  const logs = join(home, 'logs');
  return {
    home,
    marker: join(home, 'installation.json'),
    lock: join(home, 'installation.lock'),
    adminToken: join(home, 'admin-token'),
    gatewayKey: join(home, 'keys', 'gateway.key'),
    plan: join(run, 'plan.json'),
    status: join(run, 'status.json'),
    supervisorPid: join(run, 'supervisor.pid'),
    adsSocket: join(run, 'ads.sock'),
    gatewaySocket: join(run, 'gateway.sock'),
    usageJournals: join(home, 'usage'),
    logs,
    supervisorLog: join(logs, 'supervisor.log'),
  };
}

function readMarker(paths: HomePaths): Marker | null {
  try {
    const marker = JSON.parse(readFileSync(paths.marker, 'utf8')) as Partial<Marker>;
    return marker.kind === 'hiclaw-home' ? { kind: marker.kind, settings: marker.settings ?? {} } : null;
  } catch {
    return null;
  }
}

/** Whether the folder is an installation of ours. */
export function isOurHome(paths: HomePaths): boolean {
  return readMarker(paths) !== null;
}

/** What the home's last `up` ran with; empty for a new one. */
export function rememberedSettings(paths: HomePaths): Partial<RunSettings> {
  return readMarker(paths)?.settings ?? {};
}

/** What a policy server that was started by hand leaves: enough to know the folder is ours. */
function holdsPolicy(home: string): boolean {
  return existsSync(join(home, 'policy.db')) && existsSync(join(home, 'keys', 'vault.json'));
}

/**
 * Makes the folder ours, mode 0700: a new one, an empty one, or one that is ours already.
 *
 * @throws GatewayError `HOME_NOT_OURS` for a folder that holds anything else or belongs to another user
 */
export function claimHome(paths: HomePaths): void {
  const { home } = paths;
  mkdirSync(home, { recursive: true, mode: 0o700 });
  const found = statSync(home);
  if (!found.isDirectory()) {
    throw new GatewayError('HOME_NOT_OURS', `${home} is not a folder; set HICLAW_HOME to one.`);
  }
  if (process.getuid !== undefined && found.uid !== process.getuid()) {
    throw new GatewayError(
      'HOME_NOT_OURS',
      `${home} belongs to another user; set HICLAW_HOME to a folder of your own.`,
    );
  }
  const ours = isOurHome(paths) || holdsPolicy(home) || readdirSync(home).every(isLockFile);
  if (!ours) {
    throw new GatewayError(
      'HOME_NOT_OURS',
      `${home} holds files that are not HiClaw's; set HICLAW_HOME to a new or empty folder.`,
    );
  }
  ensurePrivateDirectory(home);
  for (const name of ['run', 'logs', 'usage']) ensurePrivateDirectory(join(home, name));
}

function isLockFile(name: string): boolean {
  return name.startsWith('installation.lock');
}

/** Keeps what the installation runs with, for the next `up` and for commands that only read. */
export function rememberSettings(paths: HomePaths, settings: RunSettings): void {
  const marker: Marker = { kind: 'hiclaw-home', settings };
  writePrivateFile(paths.marker, `${JSON.stringify(marker, null, 2)}\n`);
}

const OWN_ENTRIES =
  /^((policy|usage|leases)\.db(-.*)?|usage|keys|run|logs|admin-token|installation\.json|installation\.lock.*|\..*\.[0-9a-f]{12})$/;

/** Splits what is in the home into what HiClaw put there and what somebody else did. */
export function homeEntries(paths: HomePaths): {
  readonly own: readonly string[];
  readonly foreign: readonly string[];
} {
  const names = readdirSync(paths.home).sort();
  return {
    own: names.filter((name) => OWN_ENTRIES.test(name)),
    foreign: names.filter((name) => !OWN_ENTRIES.test(name)),
  };
}
