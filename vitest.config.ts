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

/** `unit` needs nothing but Node; `envoy` starts real processes and takes longer. */
export default defineConfig({
  test: {
    projects: [
      {
        test: {
          name: 'unit',
          include: unit,
          exclude: [...envoy, '**/node_modules/**', '**/dist/**'],
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
    ],
  },
});
