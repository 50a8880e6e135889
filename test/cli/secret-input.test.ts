import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { writeFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { askSecret } from '../../src/cli/keyboard.ts';
import { configText, givenGateway } from '../kit/gateway.ts';
import { type CliResult, runCli } from '../kit/operator.ts';
import { cleanup } from '../kit/temporary.ts';

/** A keyboard whose keys a test presses. */
function givenKeyboard() {
  let listener: ((chunk: Uint8Array) => void) | undefined;
  const modes: boolean[] = [];
  const left: string[] = [];
  const keyboard = {
    setRawMode: (on: boolean) => void modes.push(on),
    on: (_event: 'data', take: (chunk: Uint8Array) => void) => {
      listener = take;
    },
    off: () => {
      listener = undefined;
    },
    resume: () => undefined,
    pause: () => undefined,
    unshift: (chunk: Uint8Array) => void left.push(Buffer.from(chunk).toString()),
  };
  const press = (...chunks: (string | Buffer)[]): void => {
    for (const chunk of chunks) listener?.(Buffer.from(chunk));
  };
  return { keyboard, press, modes, left, isHeard: () => listener !== undefined };
}

describe('A question for a secret', () => {
  for (const { it: title, pressed, answer } of [
    { it: 'reads one line', pressed: ['12', '34\r'], answer: '1234' },
    { it: 'takes what was typed back', pressed: ['12x\u007f3', '\b4\n'], answer: '124' },
    { it: 'clears the line', pressed: ['wrong\u0015right\r'], answer: 'right' },
    { it: 'puts letters together that come in pieces', pressed: [Buffer.from([0xc3]), Buffer.from([0xa4, 0x0d])], answer: 'ä' },
    { it: 'takes no control characters', pressed: ['a\u0007\u001bb\r'], answer: 'ab' },
    { it: 'ends where the input does', pressed: ['\u0004'], answer: '' },
  ])
    it(title, async () => {
      const { keyboard, press, modes, isHeard } = givenKeyboard();
      let shown = '';
      const asked = askSecret(
        keyboard,
        (text) => {
          shown += text;
        },
        'PIN: ',
      );
      press(...pressed);
      assert.equal(await asked, answer);
      // and shows nothing of it, and leaves the keyboard as it was
      assert.deepEqual([shown, modes, isHeard()], ['PIN: \n', [true, false], false]);
    });

  it('shows its question only when nothing is shown any more of what is typed', () => {
    const { keyboard, modes } = givenKeyboard();
    void askSecret(keyboard, () => assert.deepEqual(modes, [true]), 'PIN: ');
  });

  it('leaves what was typed behind the line', async () => {
    const { keyboard, press, left } = givenKeyboard();
    const asked = askSecret(keyboard, () => undefined, 'PIN: ');
    press('one\rtwo\r');
    assert.deepEqual([await asked, left], ['one', ['two\r']]);
  });

  it('can be stopped', async () => {
    const { keyboard, press, modes } = givenKeyboard();
    const asked = askSecret(keyboard, () => undefined, 'PIN: ');
    press('12\u0003');
    assert.equal(await asked, undefined);
    assert.deepEqual(modes, [true, false]);
  });
});

describe('pushgate tokens setpin', function () {
  this.timeout(60_000);
  const undo = cleanup();
  afterEach(() => undo.run());

  const given = async () => {
    const { client, folder, phoneOf } = await givenGateway(undo);
    const { serial } = await phoneOf('alice');
    const config = join(folder, 'here.json');
    writeFileSync(config, configText({}, new URL(client.url).host));
    const setPin = (more: string[], input?: string | Buffer): Promise<CliResult> =>
      runCli(['tokens', 'setpin', serial, ...more, '--config', config], input);
    const starts = async (pass: string): Promise<boolean> =>
      (await client.post('/validate/check', { user: 'alice', pass })).body.result.authentication === 'CHALLENGE';
    return { config, folder, serial, setPin, starts };
  };

  it('takes the PIN from standard input or from a file, and an empty one away', async () => {
    const { setPin, starts, folder } = await given();
    assert.deepEqual((await setPin(['--pin-stdin'], 'grün 1\nmore\n')).code, 0);
    assert.equal(await starts('grün 1'), true);
    writeFileSync(join(folder, 'pin'), '4711\r\n');
    assert.match((await setPin(['--pin-file', join(folder, 'pin')])).out, /is given its new PIN/);
    assert.equal(await starts('4711'), true);
    assert.match((await setPin(['--pin-stdin'], '\n')).out, /is without a PIN/);
    assert.equal(await starts(''), true);
  });

  it('is given a PIN in the same ways when it is made', async () => {
    const { config, folder } = await given();
    writeFileSync(join(folder, 'pin'), '4711\n');
    const make = (...more: string[]): Promise<CliResult> =>
      runCli(['tokens', 'init', '--user', 'bob', ...more, '--config', config], '4711\n');
    const shown = await Promise.all([['--pin-stdin'], ['--pin-file', join(folder, 'pin')], []].map((more) => make(...more)));
    assert.deepEqual(
      shown.map(({ code }) => code),
      [0, 0, 0],
    );
    const { out } = await runCli(['tokens', 'list', '--user', 'bob', '--json', '--config', config]);
    const serials: string[] = JSON.parse(out).tokens.map(({ serial }: { serial: string }) => serial);
    const pins = serials.map(async (each) => JSON.parse((await runCli(['tokens', 'show', each, '--json', '--config', config])).out).hasPin);
    assert.deepEqual((await Promise.all(pins)).sort(), [false, true, true]);
    assert.equal((await make('--pin', '1', '--pin-stdin')).code, 2);
  });

  it('changes nothing at bad input, and says why in one sentence', async () => {
    const { setPin, starts, folder } = await given();
    writeFileSync(join(folder, 'latin'), Buffer.from('gr\xfcn', 'latin1'));
    for (const [more, input, code, sentence] of [
      [[], '1\n', 2, /there is no terminal to ask at/],
      [['--pin', '1'], '', 2, /unknown option '--pin'/],
      [['--pin-stdin', '--pin-file', 'x'], '', 2, /cannot be used with/],
      [['--pin-file', join(folder, 'none')], '', 2, /cannot read a line of UTF-8/],
      [['--pin-file', join(folder, 'latin')], '', 2, /cannot read a line of UTF-8/],
      [['--pin-stdin'], 'x'.repeat(3000), 2, /characters at most/],
    ] as const) {
      const { code: ended, out, err } = await setPin([...more], input);
      assert.deepEqual([ended, out], [code, ''], err);
      assert.match(err, sentence);
    }
    assert.equal(await starts('1234'), true);
  });

  it('asks at a terminal, twice, and shows nothing of the answers', async function () {
    if (process.platform !== 'linux') this.skip();
    const { config, serial, starts } = await given();
    const entry = resolve(process.env.PUSHGATE_ENTRY ?? 'bin/pushgate.mjs');
    /** Types a line at each question. `script` makes a terminal. */
    const atTerminal = async (...answers: string[]): Promise<{ code: unknown; shown: string }> => {
      const command = [process.execPath, entry, 'tokens', 'setpin', serial, '--config', config].map((word) => `'${word}'`).join(' ');
      const child = spawn('script', ['-qefc', command, '/dev/null'], { stdio: ['pipe', 'pipe', 'inherit'] });
      let shown = '';
      child.stdout.setEncoding('utf8').on('data', (text: string) => {
        shown += text;
        if (/PIN(?: again)?: $/.test(shown)) child.stdin.write(`${answers.shift()}\r`);
      });
      const [code] = await once(child, 'close');
      return { code, shown };
    };
    const changed = await atTerminal('se-cret', 'se-cret');
    assert.deepEqual(changed, { code: 0, shown: `PIN: \r\nPIN again: \r\n${serial} is given its new PIN.\r\n` });
    assert.equal(await starts('se-cret'), true);
    const differing = await atTerminal('1', '2');
    assert.deepEqual([differing.code, /the two PINs differ; nothing was changed/.test(differing.shown)], [1, true]);
  });
});
