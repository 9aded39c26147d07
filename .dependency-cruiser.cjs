/** Dependency directions of docs/architecture.md, enforced. Every rule's comment is the reason. */
const PURE = '^policy-server/src/(translate|invariants|render)/';
const TEST = '\\.(test|fixture)\\.ts$';
module.exports = {
  forbidden: [
    {
      name: 'no-cycles',
      comment: 'A cycle has no direction. Types that refer to each other do no harm.',
      severity: 'error',
      from: {},
      to: { circular: true, viaOnly: { dependencyTypesNot: ['type-only'] } },
    },
    {
      name: 'pure-stages-touch-nothing',
      comment:
        'translate, invariants and render are functions of values: testable by golden files, replayable by explain.',
      severity: 'error',
      from: { path: PURE, pathNot: TEST },
      to: { dependencyTypes: ['core'], pathNot: '^(node:)?(crypto|net|url)$' },
    },
    {
      name: 'pure-stages-import-pure-packages',
      comment:
        'A pure stage may import resources, policy-image, service-kit values and its own stage or an earlier one.',
      severity: 'error',
      from: { path: PURE, pathNot: TEST },
      to: { path: '^policy-server/src/(http|xds|store/(?!resource-set)|vault|main|server|config)' },
    },
    {
      name: 'contracts-do-no-io',
      comment: 'resources and policy-image are contracts: they decode, encode and decide, nothing else.',
      severity: 'error',
      from: { path: '^packages/(resources|policy-image)/src', pathNot: TEST + '|/(vectors|testing)/' },
      to: { dependencyTypes: ['core'], pathNot: '^(node:)?(crypto|buffer|net|zlib)$' },
    },
    {
      name: 'packages-import-no-service',
      comment: 'Services build on packages, never the other way.',
      severity: 'error',
      from: { path: '^packages/' },
      to: { path: '^(policy-server|install|test|gateway-plugins)/' },
    },
    {
      name: 'services-do-not-import-services',
      comment: 'Services speak over HTTP and xDS; the installer composes them by their public entries only.',
      severity: 'error',
      from: { path: '^policy-server/', pathNot: TEST },
      to: { path: '^(install|test)/' },
    },
    {
      name: 'nobody-imports-test',
      comment: 'Test support must not become product code.',
      severity: 'error',
      from: { pathNot: '^(test|gateway-plugins)/|' + TEST },
      to: { path: '^(test|gateway-plugins/host)/' },
    },
    {
      name: 'no-undeclared-dependencies',
      comment: 'What a package imports it must declare; the root declares the tools of tests.',
      severity: 'error',
      from: {},
      to: {
        dependencyTypes: ['npm-no-pkg', 'npm-unknown'],
        pathNot: 'node_modules/(fast-check|vitest|assemblyscript|yaml)/',
      },
    },
  ],
  options: {
    doNotFollow: { path: 'node_modules' },
    exclude: { path: '(^|/)(dist|build|assembly|examples)/' },
    tsPreCompilationDeps: true,
    tsConfig: { fileName: 'tsconfig.lint.json' },
    enhancedResolveOptions: {
      exportsFields: ['exports'],
      conditionNames: ['import', 'types', 'default'],
      extensions: ['.ts', '.js', '.d.ts'],
    },
  },
};
