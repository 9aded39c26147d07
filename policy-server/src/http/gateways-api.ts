import { CLOSED } from '@hiclaw/resources';
import { Type } from 'typebox';
import type { App } from './app.js';
import type { ApiContext } from './context.js';
import { describe } from './route-docs.js';

/** The gateway replicas, and what each of them runs. */
export function registerGateways(app: App, context: ApiContext): void {
  app.get(
    '/gateways',
    {
      schema: {
        querystring: Type.Object({}, CLOSED),
        ...describe('gateways', 'List gateway replicas', { 200: 'GatewayList' }, []),
      },
    },
    () => {
      const { policyVersion: servedPolicyVersion, problems } = context.compileStatus();
      return {
        policyVersion: context.store.resources().policyVersion,
        servedPolicyVersion,
        problems: problems.map(({ code, message }) => ({ code, message })),
        items: context.gateways.list(),
      };
    },
  );
}
