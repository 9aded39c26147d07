import type { KeyAuthConsumer, KeyAuthPolicy, KeyAuthRoute, Method } from '../policy.js';
import { tokenFromSeed } from '../testing/token-from-seed.js';
import { tokenDigest } from '../token.js';
import { fail, fieldsOf, flagOf, listOf, numberOf, oneOf, recordOf, textOf } from './decode.js';

const METHODS: readonly Method[] = ['GET', 'HEAD', 'POST', 'PUT', 'PATCH', 'DELETE', 'OPTIONS'];

/** A policy of `gateway-plugins/testdata/policies`; its README describes the format. */
export function decodePolicy(value: unknown, where: string): KeyAuthPolicy {
  const fields = fieldsOf(value, where, ['about', 'policyVersion', 'maxBodyBytes', 'routes', 'consumers']);
  return {
    policyVersion: BigInt(numberOf(fields['policyVersion'], `${where}.policyVersion`)),
    maxBodyBytes: numberOf(fields['maxBodyBytes'], `${where}.maxBodyBytes`),
    routes: [...recordOf(fields['routes'], `${where}.routes`)].map(([key, route]) =>
      decodeRoute(key, route, `${where}.routes["${key}"]`),
    ),
    consumers: [...recordOf(fields['consumers'], `${where}.consumers`)].map(([name, consumer]) =>
      decodeConsumer(name, consumer, `${where}.consumers["${name}"]`),
    ),
  };
}

/** Seconds since 1970 of an ISO 8601 time; 0 where there is none. */
export function secondsOf(value: unknown, where: string): number {
  if (value === undefined) return 0;
  const millis = Date.parse(textOf(value, where));
  if (Number.isNaN(millis)) fail(where, 'is not a time such as 2027-01-15T08:00:00Z');
  return millis / 1000;
}

function decodeRoute(key: string, value: unknown, where: string): KeyAuthRoute {
  const texts = (field: unknown, name: string): readonly string[] =>
    listOf(field, `${where}.${name}`, textOf);
  if (key.startsWith('llm-routes/')) {
    const fields = fieldsOf(value, where, [
      'path',
      'models',
      'catalogue',
      'rebases',
      'addsUsage',
      'sharesResponses',
    ]);
    return {
      kind: 'llm',
      key,
      path: textOf(fields['path'], `${where}.path`),
      models: texts(fields['models'], 'models'),
      catalogue: texts(fields['catalogue'], 'catalogue'),
      rebases: flagOf(fields['rebases'], `${where}.rebases`),
      addsUsage: flagOf(fields['addsUsage'], `${where}.addsUsage`),
      sharesResponses: flagOf(fields['sharesResponses'], `${where}.sharesResponses`),
    };
  }
  if (key.startsWith('mcp-servers/')) {
    fieldsOf(value, where, []);
    return { kind: 'mcp', key };
  }
  const fields = fieldsOf(value, where, ['allow']);
  const rules = listOf(fields['allow'], `${where}.allow`, (rule, at) => {
    const { methods, paths } = fieldsOf(rule, at, ['methods', 'paths']);
    return {
      methods: listOf(methods, `${at}.methods`, (method, place) => oneOf(method, place, METHODS)),
      paths: listOf(paths, `${at}.paths`, textOf),
    };
  });
  return { kind: 'service', key, rules };
}

function decodeConsumer(name: string, value: unknown, where: string): KeyAuthConsumer {
  const fields = fieldsOf(value, where, ['about', 'disabled', 'revoked', 'expiresAt', 'tokens', 'grants']);
  const tokens = [...recordOf(fields['tokens'], `${where}.tokens`)].map(([seed, token]) => {
    const at = `${where}.tokens["${seed}"]`;
    const { expiresAt } = fieldsOf(token, at, ['expiresAt']);
    return { digest: tokenDigest(tokenFromSeed(seed)), expiresAt: secondsOf(expiresAt, `${at}.expiresAt`) };
  });
  const grants = [...recordOf(fields['grants'], `${where}.grants`)].map(([route, models]) => ({
    route,
    models: models === 'all' ? null : listOf(models, `${where}.grants["${route}"]`, textOf),
  }));
  return {
    name,
    disabled: flagOf(fields['disabled'], `${where}.disabled`),
    revoked: flagOf(fields['revoked'], `${where}.revoked`),
    expiresAt: secondsOf(fields['expiresAt'], `${where}.expiresAt`),
    tokens,
    grants,
  };
}
