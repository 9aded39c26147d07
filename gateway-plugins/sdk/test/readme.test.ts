import { createHost, loadModule } from '@hiclaw/proxy-wasm-host';
import { execFile } from 'node:child_process';
import { mkdir, mkdtemp, readFile, rm, symlink, writeFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { afterEach, describe, expect, it } from 'vitest';
import { answerOf, requestWith } from './sink.js';

const readme = fileURLToPath(new URL('../README.md', import.meta.url));
const modules = fileURLToPath(new URL('../../../node_modules', import.meta.url));
let folder = '';

afterEach(() => rm(folder, { recursive: true, force: true }));

/** The code block that follows a line of the README. */
function blockAfter(text: string, line: string, language: string): string {
  const from = text.indexOf(`\`\`\`${language}\n`, text.indexOf(line)) + language.length + 4;
  return text.slice(from, text.indexOf('```', from));
}

describe('the README', () => {
  it('has a first plugin that builds and runs in a folder of its own', async () => {
    const text = await readFile(readme, 'utf8');
    folder = await mkdtemp(join(tmpdir(), 'hiclaw-plugin-'));
    await symlink(modules, join(folder, 'node_modules'));
    await mkdir(join(folder, 'assembly'));
    await writeFile(join(folder, 'asconfig.json'), blockAfter(text, '`asconfig.json`:', 'json'));
    await writeFile(join(folder, 'assembly/index.ts'), blockAfter(text, '`assembly/index.ts`:', 'ts'));
    const command = /^npx asc (.*)$/m.exec(text)?.[1]?.split(' ') ?? [];
    const asc = join(
      dirname(createRequire(import.meta.url).resolve('assemblyscript/package.json')),
      'bin/asc.js',
    );
    await promisify(execFile)(process.execPath, [asc, ...command], { cwd: folder });

    const plugin = createHost()
      .createVm(await loadModule(join(folder, 'build/plugin.wasm')))
      .createPlugin();
    const stranger = plugin.createStream();
    stranger.requestHeaders(requestWith({}), { endStream: true });
    expect(answerOf(stranger)).toBe('who are you?\n');
    const anna = plugin.createStream();
    anna.requestHeaders(requestWith({ 'x-name': 'anna' }), { endStream: true });
    expect(anna.forwardedRequest.headers?.get('x-greeting')).toBe('hello anna');
  });
});
