import { describe, expect, it } from 'vitest';
import { decodeResource, type ProviderSpec } from '@hiclaw/resources';
import { Secret } from '@hiclaw/service-kit';
import { findProblems } from '../invariants/invariants.js';
import type { StoredCredential, TokenState } from '../store/resource-set.js';
import { resource, ResourceSetBuilder } from '../xds/resource-set.fixture.js';
import { SUSPENDED_HOST } from './credentials.js';
import { createTranslator } from './translate.js';

const SECRET = 'the-real-token';

function specOf<K extends 'Provider' | 'Credential'>(kind: K, spec: object) {
  const decoded = decodeResource(kind, { metadata: { name: 'x' }, spec });
  if (!decoded.ok) throw new Error(JSON.stringify(decoded.errors));
  return decoded.value.spec;
}

/** Translates one provider with one credential, both as the API takes them. */
function translated(credential: object, provider: object, token?: TokenState) {
  const builder = new ResourceSetBuilder();
  const stored = {
    resource: resource('Credential', 'c', specOf('Credential', credential)),
    valueVersion: 1,
    ...(token === undefined ? {} : { token }),
  } as StoredCredential;
  builder.credentials.set('c', stored);
  const spec: ProviderSpec = specOf('Provider', { credential: 'c', ...provider });
  builder.providers.set('p', resource('Provider', 'p', spec));
  const translate = createTranslator({
    maxBodyBytes: 1024,
    openCredential: () => new Secret(SECRET),
    certificateProblem: () => null,
    nowMs: () => 0,
  });
  const { state, conditions } = translate(builder.set());
  return {
    state,
    reasonOf: (kind: string, name: string) => conditions(kind, name)[0]?.reason,
    messageOf: (kind: string, name: string) => conditions(kind, name)[0]?.message,
  };
}

describe('a suspended credential', () => {
  const oauth2 = { tokenUrl: 'https://login.example/token', clientId: 'me', clientSecret: 's' };
  const credential = { hosts: ['api.example'], oauth2 };
  const provider = { baseUrl: 'https://api.example/v1' };

  it.each([
    ['ended', { obtainedAt: 1, expiresAt: 2, suspended: true }, 'TokenExpired'],
    ['not there yet', { obtainedAt: 0, expiresAt: 0, suspended: true }, 'TokenPending'],
  ])('whose token is %s stays bound, to nothing', (_case, token, reason) => {
    const { state, reasonOf } = translated(credential, provider, token);
    expect(reasonOf('Credential', 'c')).toBe(reason);
    expect(reasonOf('Provider', 'p')).toBe('Accepted');
    expect(state.upstreams.map(({ key }) => key)).toEqual(['providers/p']);
    const [bound] = state.injection.credentials;
    expect(bound).toMatchObject({ hosts: [SUSPENDED_HOST], suspendedFrom: ['api.example'] });
    expect(bound?.value.expose()).not.toBe(SECRET);
    expect(findProblems(state, null)).toEqual([]);
  });

  it('is served again with a token', () => {
    const token = { obtainedAt: 1, expiresAt: 2, suspended: false };
    const { state, reasonOf } = translated(credential, provider, token);
    expect(reasonOf('Credential', 'c')).toBe('Accepted');
    expect(state.injection.credentials[0]?.value.expose()).toBe(SECRET);
  });

  it('goes nowhere else than one that is not suspended', () => {
    const token = { obtainedAt: 0, expiresAt: 0, suspended: true };
    const { reasonOf } = translated(credential, { baseUrl: 'https://other.example' }, token);
    expect(reasonOf('Provider', 'p')).toBe('CredentialHostMismatch');
  });

  it('that could be sent somewhere keeps the last good policy in force', () => {
    const { state } = translated(credential, provider, { obtainedAt: 0, expiresAt: 0, suspended: true });
    const credentials = state.injection.credentials.map((bound) => ({ ...bound, hosts: ['api.example'] }));
    const broken = { ...state, injection: { ...state.injection, credentials } };
    expect(findProblems(broken, null).map(({ code }) => code)).toEqual(['credential-not-suspended']);
  });
});

describe('the placement of a credential', () => {
  const anthropic = { value: 'k', hosts: ['api.anthropic.com'] };

  it.each<[string, object, object, string]>([
    ['another header than the preset', anthropic, { preset: 'anthropic' }, 'CredentialPlacementMismatch'],
    ['the header of the preset', { ...anthropic, header: 'X-Api-Key' }, { preset: 'anthropic' }, 'Accepted'],
    ['the preset', { preset: 'anthropic', value: 'k' }, { preset: 'anthropic' }, 'Accepted'],
    [
      'another prefix than the preset',
      { value: 'k', hosts: ['api.openai.com'], prefix: 'Token ' },
      { preset: 'openai' },
      'CredentialPlacementMismatch',
    ],
    [
      'another header, at an address that is not the preset’s own',
      { value: 'k', hosts: ['proxy.example'] },
      { preset: 'anthropic', baseUrl: 'https://proxy.example/v1' },
      'Accepted',
    ],
    [
      'any header, without preset',
      { value: 'k', hosts: ['a.example'], header: 'x-any' },
      { baseUrl: 'https://a.example' },
      'Accepted',
    ],
  ])('of %s', (_case, credential, provider, reason) => {
    const { reasonOf, messageOf } = translated(credential, provider);
    expect(reasonOf('Provider', 'p')).toBe(reason);
    if (reason !== 'Accepted') expect(messageOf('Provider', 'p')).toMatch(/it takes header/);
  });
});
