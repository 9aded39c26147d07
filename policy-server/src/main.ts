#!/usr/bin/env node
import { createLogger, GatewayError } from '@hiclaw/service-kit';
import { readConfig } from './config.js';
import { createPolicyServer, type PolicyServer } from './server.js';

const EXIT_FAILED = 1;
/** The supervisor does not try again: only a person can help. */
const EXIT_UNUSABLE = 78;
const RETRYABLE = new Set(['PORT_IN_USE', 'DATABASE_IN_USE']);

function exitWith(error: unknown): never {
  const log = createLogger({ name: 'policy-server' });
  log.fatal({ err: error }, 'policy server cannot start');
  if (error instanceof GatewayError) process.stderr.write(`${error.message}\n`);
  const hopeless = error instanceof GatewayError && !RETRYABLE.has(error.code);
  process.exit(hopeless ? EXIT_UNUSABLE : EXIT_FAILED);
}

function stopOnSignals(server: PolicyServer): void {
  let stopping = false;
  for (const signal of ['SIGTERM', 'SIGINT'] as const) {
    process.on(signal, () => {
      if (stopping) return;
      stopping = true;
      server.close().then(
        () => process.exit(0),
        () => process.exit(EXIT_FAILED),
      );
    });
  }
}

try {
  stopOnSignals(await createPolicyServer(readConfig(process.env)));
} catch (error) {
  exitWith(error);
}
