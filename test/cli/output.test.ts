import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { printRequests } from '../../src/cli/commands/phone-answers.ts';
import { openProgress, printTable } from '../../src/cli/output/index.ts';
import { silentTerminal } from '../kit/operator.ts';

type Phone = { owner: string; count: number | undefined };

const columns = [
  {
    head: 'OWNER',
    cell: ({ owner }: Phone) => owner,
    tone: ({ owner }: Phone) => (owner === 'bob' ? ('bad' as const) : undefined),
  },
  { head: 'COUNT', cell: ({ count }: Phone) => count },
];

/** What a table looks like on this screen; undefined: in a pipe. */
function printed(phones: Phone[], screen?: { colours: boolean }): string[] {
  const lines: string[] = [];
  printTable({ ...silentTerminal, screen, out: (line) => void lines.push(line) }, phones, columns);
  return lines;
}

describe('A table of a command', () => {
  it('has its headings and a column at the same place in a pipe, whatever stands in the cells', () => {
    const rows = [
      { owner: 'alice', count: 3 },
      { owner: 'two  spaces\nand a line', count: undefined },
      { owner: '', count: 0 },
    ];
    assert.deepEqual(printed(rows), [
      'OWNER                      COUNT',
      'alice                      3',
      'two spaces\\u{a}and a line  -',
      '-                          0',
    ]);
    // what awk does with -F '  +'
    const second = printed(rows).map((line) => line.split(/ {2,}/)[1]);
    assert.deepEqual(second, ['COUNT', '3', '-', '0']);
  });

  it('has its headings where there is no row', () => {
    assert.deepEqual(printed([]), ['OWNER  COUNT']);
  });

  it('has colours and the number of rows on a terminal only, and no colours where none are wanted', () => {
    const rows = [{ owner: 'bob', count: 1 }];
    assert.deepEqual(printed(rows, { colours: false }), ['OWNER  COUNT', 'bob    1', '1 in all']);
    const [head, row, end] = printed(rows, { colours: true });
    assert.deepEqual(
      [head, row, end],
      ['\u001b[1mOWNER\u001b[22m  \u001b[1mCOUNT\u001b[22m', '\u001b[31mbob\u001b[39m    1', '\u001b[2m1 in all\u001b[22m'],
    );
  });

  it('has the lines of a question beside one another', () => {
    const lines: string[] = [];
    const question = 'Send money?\nTo: Bob';
    printRequests({ ...silentTerminal, out: (line) => void lines.push(line) }, [
      { serial: 'PIPU1', title: 'Bank', question, options: ['12', '47'] },
    ]);
    assert.deepEqual(lines, ['SERIAL  TITLE  QUESTION', 'PIPU1   Bank   Send money? / To: Bob [12 47]']);
  });

  it('lets no name that a stranger typed move the cursor', () => {
    assert.deepEqual(printed([{ owner: 'x\u001b[2Jy', count: 1 }])[1], 'x\\u{1b}[2Jy  1');
  });
});

describe('The terminal of a process', function () {
  this.timeout(60_000);

  /** What a table looks like on a pseudo-terminal, or in a pipe. */
  const printedBy = (command: string, variables: Record<string, string> = {}): string => {
    const { NO_COLOR: _, ...environment } = process.env;
    const env = { ...environment, TERM: 'xterm', ...variables };
    const { stdout } = spawnSync('bash', ['-c', command], { encoding: 'utf8', env });
    return stdout.split(/\r?\n/)[0] ?? '';
  };
  const exitCodesBy = `"${process.execPath}" bin/pushgate.mjs help exit-codes`;
  const onTerminal = `script -qec '${exitCodesBy}' /dev/null < /dev/null`;

  it('has colours, unless NO_COLOR says so, and a pipe has none', function () {
    if (spawnSync('script', ['--version']).status !== 0) this.skip();
    assert.ok(printedBy(onTerminal).startsWith('\u001b[1mCODE\u001b[22m  '));
    assert.match(printedBy(onTerminal, { NO_COLOR: '1' }), /^CODE {2}NAME/);
    assert.match(printedBy(onTerminal, { TERM: 'dumb' }), /^CODE {2}NAME/);
    assert.match(printedBy(`${exitCodesBy} | cat`), /^CODE {2}NAME/);
  });
});

describe('The progress of long work', () => {
  it('is shown on a terminal, and taken away', () => {
    const shown: string[] = [];
    const progress = openProgress({ ...silentTerminal, rewrite: (line) => void shown.push(line) }, 4, 'push tokens');
    progress.step(2);
    progress.step(2);
    progress.end();
    assert.deepEqual(
      [shown[0], shown.at(-2), shown.at(-1)],
      [`[${'#'.repeat(20)}${'.'.repeat(20)}] 50 %, 2 of 4 push tokens`, `[${'#'.repeat(40)}] 100 %, 4 of 4 push tokens`, ''],
    );
  });

  it('is a count where nobody knows how much there is', () => {
    const shown: string[] = [];
    openProgress({ ...silentTerminal, rewrite: (line) => void shown.push(line) }, undefined, 'records copied').step(200);
    assert.deepEqual(shown, ['200 records copied']);
  });

  it('is not there in a pipe', () => {
    const progress = openProgress(
      { ...silentTerminal, err: () => assert.fail('it wrote'), out: () => assert.fail('it wrote') },
      1,
      'things',
    );
    progress.step();
    progress.end();
  });
});
