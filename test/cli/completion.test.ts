import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { exitCodes } from '../../src/cli/exit-codes.ts';
import { runCli } from '../kit/operator.ts';
import { haveShell } from '../kit/shells.ts';
import { cleanup, temporaryFolder } from '../kit/temporary.ts';

/** A line that is typed up to the cursor, and what is offered there, without options. */
const rows: readonly (readonly [string, readonly string[]])[] = [
  ['pushgate tok', ['tokens']],
  ['pushgate tokens ad', ['address']],
  ['pushgate tokens address ', ['list', 'add', 'remove']],
  ['pushgate tokens list --j', ['--json']],
  ['pushgate tokens --help li', ['list']],
  ['pushgate tokens init --type ', ['push', 'edupush']],
  ['pushgate tokens address add SERIAL -k f', ['fcm']],
  ['pushgate tokens list --user ', []],
  ['pushgate phone watch --auto ', ['approve', 'decline']],
  ['pushgate completion ', ['bash', 'zsh', 'fish']],
  ['pushgate check-config conf', ['configs', 'config file.json']],
  ['pushgate tokens list -c conf', ['configs', 'config file.json']],
];

/** Each line is completed by a function that a shell has from the script; it prints one offer on each line. */
const shells: Readonly<Record<string, { run: string; offers: (line: string) => string }>> = {
  bash: {
    run: 'bash',
    offers: (line) =>
      `source ./script; COMP_WORDS=(${words(line)}); COMP_CWORD=$((\${#COMP_WORDS[@]} - 1)); _pushgate; printf '%s\\n' "\${COMPREPLY[@]}"`,
  },
  // What zsh has for a terminal is stood in for: each prints what it would offer.
  zsh: {
    run: 'zsh',
    offers: (line) =>
      `compdef() { }; compadd() { print -l -- "\${@[2,-1]}" }; _files() { print -l -- *conf* }; _describe() { print -l -- "\${(@)\${(@P)@[-1]}%%:*}" };
       source ./script; words=(${words(line)}); CURRENT=\${#words}; _pushgate`,
  },
  fish: { run: 'fish', offers: (line) => `source ./script; complete -C ${`'${line}'`} | string split -f1 \\t` },
};

const words = (line: string): string =>
  line
    .split(' ')
    .map((word) => `'${word}'`)
    .join(' ');

describe('pushgate completion', () => {
  const undo = cleanup();
  afterEach(() => undo.run());

  /** A folder with a file, a folder, and the script of a shell. */
  const given = async (shell: string): Promise<string> => {
    const folder = temporaryFolder(undo);
    mkdirSync(join(folder, 'configs'));
    writeFileSync(join(folder, 'config file.json'), '{}');
    const { code, out, err } = await runCli(['completion', shell]);
    assert.equal(code, 0, err);
    writeFileSync(join(folder, 'script'), out);
    return folder;
  };

  for (const [shell, { run, offers }] of Object.entries(shells))
    it(`offers in ${shell} what may be typed next`, async function () {
      if (!haveShell(run)) this.skip();
      const cwd = await given(shell);
      for (const [line, expected] of rows) {
        const { stdout, stderr } = spawnSync(run, ['-c', offers(line)], { cwd, encoding: 'utf8' });
        assert.equal(stderr, '', line);
        const offered = stdout.split('\n').map((each) => each.replace(/\/$/, ''));
        const begun = line.split(' ').at(-1) ?? '';
        const isOption = begun.startsWith('-');
        const told = offered.filter((each) => each !== '' && each.startsWith(begun) && (isOption || !each.startsWith('-')));
        assert.deepEqual(told.sort(), [...expected].sort(), line);
      }
    });

  it('is refused for another shell in one sentence that names those that there are', async () => {
    const { code, out, err } = await runCli(['completion', 'tcsh']);
    assert.deepEqual([code, out], [exitCodes.usage.code, '']);
    assert.match(err, /^pushgate: [^\n]*bash, zsh, fish[^\n]*\n$/);
  });
});
