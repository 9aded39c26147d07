// Builds the examples and the plugins of the tests into build/. Run by `npm run build`.
import { existsSync, mkdirSync, readdirSync } from 'node:fs';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { createRequire } from 'node:module';
import { availableParallelism } from 'node:os';
import { dirname, join } from 'node:path';

const root = import.meta.dirname;
const asc = join(
  dirname(createRequire(import.meta.url).resolve('assemblyscript/package.json')),
  'bin',
  'asc.js',
);

const examples = readdirSync(join(root, 'examples'))
  .map((name) => ({ name, entry: join('examples', name, 'assembly', 'index.ts') }))
  .filter(({ entry }) => existsSync(join(root, entry)));
const plugins = ['kitchen-sink', 'json', 'higress', 'tcp', 'two-plugins', 'raw'].map((name) => ({
  name: `test-${name}`,
  entry: join('test-plugins', 'assembly', `${name}.ts`),
}));

async function compile({ name, entry }) {
  const args = [asc, entry, '--config', 'asconfig.json', '--target', 'release'];
  const compiler = spawn(process.execPath, [...args, '--outFile', join('build', `${name}.wasm`)], {
    cwd: root,
    stdio: 'inherit',
  });
  const [code] = await once(compiler, 'exit');
  if (code !== 0) throw new Error(`${entry} does not compile`);
}

async function compileAll(queue) {
  for (let next = queue.shift(); next !== undefined; next = queue.shift()) await compile(next);
}

mkdirSync(join(root, 'build'), { recursive: true });
const queue = [...examples, ...plugins];
await Promise.all(
  Array.from({ length: Math.min(availableParallelism(), queue.length) }, () => compileAll(queue)),
);
