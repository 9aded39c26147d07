import n from 'eslint-plugin-n';
import prettier from 'eslint-config-prettier';
import tseslint from 'typescript-eslint';

/** Impure constructors are parameters (clock, randomness, environment); each ban names what to use instead. */
const impure = [
  { object: 'Date', property: 'now', message: 'Take a Clock (@hiclaw/service-kit) as a parameter.' },
  {
    object: 'Math',
    property: 'random',
    message: 'Take random bytes as a parameter, from node:crypto at the edge.',
  },
  {
    object: 'process',
    property: 'env',
    message: 'Only config.ts and main.ts read the environment; pass values on.',
  },
];

export default tseslint.config(
  {
    ignores: [
      '**/dist/**',
      '**/build/**',
      '**/node_modules/**',
      '**/assembly/**',
      '**/examples/**',
      '.hiclaw/**',
    ],
  },
  {
    files: ['**/*.ts'],
    extends: [...tseslint.configs.strictTypeChecked, ...tseslint.configs.stylisticTypeChecked, prettier],
    plugins: { n },
    languageOptions: {
      parserOptions: { project: './tsconfig.lint.json', tsconfigRootDir: import.meta.dirname },
    },
    rules: {
      'n/prefer-node-protocol': 'error',
      'no-restricted-properties': ['error', ...impure],
      'no-restricted-syntax': [
        'error',
        {
          selector: "NewExpression[callee.name='Date'][arguments.length=0]",
          message: 'Take a Clock as a parameter.',
        },
        { selector: 'ExportDefaultDeclaration', message: 'Named exports only.' },
      ],
      '@typescript-eslint/restrict-template-expressions': [
        'error',
        { allowNumber: true, allowBoolean: true },
      ],
      '@typescript-eslint/consistent-type-definitions': ['error', 'interface'],
      '@typescript-eslint/no-confusing-void-expression': ['error', { ignoreArrowShorthand: true }],
      '@typescript-eslint/switch-exhaustiveness-check': [
        'error',
        { considerDefaultExhaustiveForUnions: true },
      ],
    },
  },
  {
    // The edges: the only places where the world is read.
    files: [
      '**/config.ts',
      '**/main.ts',
      '**/*.test.ts',
      '**/clock.ts',
      'install/src/**',
      'test/**',
      'tools/**',
      '**/*.config.ts',
    ],
    rules: { 'no-restricted-properties': 'off', 'no-restricted-syntax': 'off' },
  },
  {
    files: ['**/*.test.ts', 'test/**'],
    rules: { '@typescript-eslint/no-non-null-assertion': 'off' },
  },
);
