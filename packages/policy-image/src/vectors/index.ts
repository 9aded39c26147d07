import { readdirSync, readFileSync } from 'node:fs';
import type { KeyAuthPolicy } from '../policy.js';
import { fail, fieldsOf, listOf, textOf } from './decode.js';
import { decodePolicy, secondsOf } from './policy-file.js';
import { decodeVector, type Vector } from './vector.js';
import { decodeWireVector, type WireVector } from './wire-vector.js';

export { tokenFromSeed } from '../testing/token-from-seed.js';
export type { EnvoyReply, Expectation, ExpectedAdmission, ExpectedReply, Vector } from './vector.js';
export type { WireVector } from './wire-vector.js';

const TESTDATA = new URL('../../../../gateway-plugins/testdata/', import.meta.url);

/** The second in which a vector's request arrives unless it says otherwise. */
const DEFAULT_NOW = '2027-01-15T08:00:00Z';

function readJson(path: string): unknown {
  try {
    return JSON.parse(readFileSync(new URL(path, TESTDATA), 'utf8'));
  } catch (cause) {
    throw new Error(`gateway-plugins/testdata/${path} cannot be read`, { cause });
  }
}

/** The policy of `gateway-plugins/testdata/policies/<name>.json`. */
export function loadPolicy(name: string): KeyAuthPolicy {
  return decodePolicy(readJson(`policies/${name}.json`), `policies/${name}.json`);
}

/**
 * All request vectors of `gateway-plugins/testdata/vectors`, by file and then as they stand in it. Reads files.
 *
 * @throws TestdataError when a file does not keep to the format or two vectors of a file have one name.
 */
export function loadVectors(): readonly Vector[] {
  const policies = new Map<string, KeyAuthPolicy>();
  const policyNamed = (name: string): KeyAuthPolicy => {
    const policy = policies.get(name) ?? loadPolicy(name);
    policies.set(name, policy);
    return policy;
  };
  const files = readdirSync(new URL('vectors/', TESTDATA)).filter((file) => file.endsWith('.json'));
  return files.toSorted().flatMap((file) => {
    const fields = fieldsOf(readJson(`vectors/${file}`), file, ['about', 'policy', 'now', 'vectors']);
    textOf(fields['about'], `${file}: about`);
    const policyName = fields['policy'] === null ? null : textOf(fields['policy'], `${file}: policy`);
    const context = {
      topic: file.replace(/\.json$/, ''),
      policyName,
      policy: policyName === null ? null : policyNamed(policyName),
      now: secondsOf(fields['now'] ?? DEFAULT_NOW, `${file}: now`),
    };
    const vectors = listOf(fields['vectors'], file, (vector, where) => decodeVector(vector, where, context));
    const names = vectors.map(({ name }) => name);
    const repeated = names.find((name, index) => names.indexOf(name) !== index);
    return repeated === undefined ? vectors : fail(file, `has two vectors "${repeated}"`);
  });
}

/** All vectors of `gateway-plugins/testdata/wire.json`: raw bytes for a real Envoy. Reads files. */
export function loadWireVectors(): readonly WireVector[] {
  const fields = fieldsOf(readJson('wire.json'), 'wire.json', ['about', 'vectors']);
  return listOf(fields['vectors'], 'wire.json', decodeWireVector);
}
