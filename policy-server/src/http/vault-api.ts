import { CLOSED, decodeSchema } from '@hiclaw/resources';
import { Type } from 'typebox';
import type { App } from './app.js';
import { optionalBody } from './bodies.js';
import type { ApiContext } from './context.js';
import { unwrap } from './query.js';
import { describe } from './route-docs.js';
import { commit } from './write-options.js';

const Nothing = Type.Object({}, CLOSED);

/** The keys that credentials are encrypted with at rest. */
export function registerVault(app: App, context: ApiContext): void {
  app.post(
    '/vault/rotate',
    {
      schema: {
        querystring: Nothing,
        ...describe(
          'vault',
          'Encrypt all stored credentials with a new key',
          { 200: 'VaultRotation' },
          [400],
        ),
      },
    },
    async (request, reply) => {
      unwrap(decodeSchema(Nothing, optionalBody(request)));
      const rotation = await context.vault.rotateVaultKey();
      const options = { dryRun: false, wait: 'none' as const, timeout: '5s' };
      const { policyVersion } = commit(context, request, options, () => ({
        result: null,
        audit: {
          action: 'vault.rotate',
          kind: 'Vault',
          name: 'vault',
          changes: [{ path: 'keyId', after: rotation.keyId }],
        },
      }));
      reply.header('x-hiclaw-policy-version', String(policyVersion));
      return rotation;
    },
  );
}
