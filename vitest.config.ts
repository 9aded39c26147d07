import { defineConfig } from 'vitest/config';

const sources = [
  'packages/*/src',
  'gateway-plugins/*/src',
  'gateway-plugins/*/test',
  'policy-server/src',
  'install/src',
  'test/src',
  'tools',
];
const unit = sources.map((dir) => `${dir}/**/*.test.ts`);
const envoy = sources.map((dir) => `${dir}/**/*.envoy.test.ts`);
const agents = ['test/src/agents/**/*.agents.test.ts'];

/** `unit` needs nothing but Node; `envoy` starts real processes and takes longer; `agents` installs real agents first. */
export default defineConfig({
  test: {
    projects: [
      {
        test: {
          name: 'unit',
          include: unit,
          exclude: [...envoy, ...agents, '**/node_modules/**', '**/dist/**'],
          testTimeout: 30_000,
        },
      },
      {
        test: {
          name: 'envoy',
          include: envoy,
          exclude: ['**/node_modules/**', '**/dist/**'],
          testTimeout: 120_000,
          hookTimeout: 120_000,
          fileParallelism: false,
        },
      },
      {
        test: {
          name: 'agents',
          include: agents,
          testTimeout: 180_000,
          // The first run installs OpenClaw and hermes-agent.
          hookTimeout: 600_000,
          fileParallelism: false,
        },
      },
    ],
  },
});
