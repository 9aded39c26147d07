import { createHash } from 'node:crypto';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { GatewayError } from '@hiclaw/service-kit';

/** Folder of the clone that this code was built in. */
export const REPOSITORY = fileURLToPath(new URL('../..', import.meta.url)).replace(/\/$/, '');

/** What the policy server runs, and what it hands to Envoy. */
const POLICY_SERVER_CODE = [
  'policy-server/dist',
  'policy-server/protos',
  'policy-server/migrations',
  'packages/service-kit/dist',
  'packages/resources/dist',
  'packages/policy-image/dist',
  'gateway-plugins/key-auth/build',
  'gateway-plugins/credential-injection/build',
  'package-lock.json',
];
const SUPERVISOR_CODE = ['install/dist/supervisor', 'packages/service-kit/dist'];

const NOT_CODE = /\.(map|tsbuildinfo|d\.ts)$|\.test\.|^\./;

export function supervisorEntry(repository: string): string {
  return join(repository, 'install/dist/supervisor/main.js');
}

export function policyServerEntry(repository: string): string {
  return join(repository, 'policy-server/dist/main.js');
}

function filesUnder(path: string): readonly string[] {
  try {
    return readdirSync(path, { recursive: true, withFileTypes: true })
      .filter((entry) => entry.isFile() && !NOT_CODE.test(entry.name))
      .map((entry) => join(entry.parentPath, entry.name))
      .sort();
  } catch {
    // a folder that this version does not have, or a file
    return [];
  }
}

function contentHash(repository: string, paths: readonly string[]): string {
  const hash = createHash('sha256');
  for (const path of paths) {
    const whole = join(repository, path);
    for (const file of path.endsWith('.json') ? [whole] : filesUnder(whole)) {
      hash.update(file.slice(repository.length)).update('\0').update(readFileSync(file));
    }
  }
  return hash.digest('hex').slice(0, 16);
}

/** Changes when the policy server or a plugin was built anew with another result. */
export function policyServerCodeHash(repository: string): string {
  return contentHash(repository, POLICY_SERVER_CODE);
}

export function supervisorCodeHash(repository: string): string {
  return contentHash(repository, SUPERVISOR_CODE);
}

/** @throws GatewayError `NOT_BUILT` when the package was never built */
export function packageVersion(repository: string, name: string): string {
  try {
    const manifest = JSON.parse(readFileSync(join(repository, name, 'package.json'), 'utf8')) as {
      version: string;
    };
    return manifest.version;
  } catch (cause) {
    throw new GatewayError('NOT_BUILT', `${join(repository, name)} is not there; run "make build".`, {
      cause,
    });
  }
}
