import assert from 'node:assert/strict';
import { runCli } from '../kit/operator.ts';

/** The names of the commands that a help text lists, but for `help` itself. */
const commandsIn = (help: string): string[] =>
  [...(/^Commands:\n((?: .*\n)+)/m.exec(help)?.[1] ?? '').matchAll(/^ {2}([a-z]\S*)/gm)]
    .map(([, name]) => name ?? '')
    .filter((name) => name !== 'help');

describe('The help of every command', () => {
  it('ends with an example', async () => {
    const without: string[] = [];
    const all: string[][] = [];
    const walk = async (words: string[]): Promise<void> => {
      const { code, out } = await runCli([...words, '--help']);
      assert.equal(code, 0, words.join(' '));
      if (!/Example:\n {2}(npx pushgate|npm run)/.test(out)) without.push(words.join(' '));
      all.push(words);
      for (const name of commandsIn(out)) await walk([...words, name]);
    };
    await walk([]);
    assert.ok(all.length > 40, `${all.length} commands`);
    assert.deepEqual(without, []);
  });
});
