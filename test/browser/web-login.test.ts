import assert from 'node:assert/strict';
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { readdirSync } from 'node:fs';
import { closeBrowser, givenBrowserPage, haveChromium, keepPicture } from '../kit/browser.ts';
import { type Cleanup, cleanup, temporaryFolder } from '../kit/temporary.ts';

/** `npm run example` as a process: its output, and its keyboard. */
async function givenExample(undo: Cleanup) {
  const { said, ...example } = startExample(undo, { PORT: '0' });
  return { url: await said(/The shop is at (\S+)/), said, ...example };
}

function startExample(undo: Cleanup, environment: Record<string, string>) {
  const child: ChildProcess = spawn(process.execPath, ['examples/web-login/run.ts'], {
    env: { ...process.env, ...environment },
    stdio: ['pipe', 'pipe', 'pipe'],
  });
  undo.later(async () => {
    child.kill('SIGTERM');
    if (child.exitCode === null) await once(child, 'exit');
  });
  let [told, wrong] = ['', ''];
  child.stdout?.setEncoding('utf8').on('data', (text: string) => (told += text));
  child.stderr?.setEncoding('utf8').on('data', (text: string) => (wrong += text));
  const said = async (what: RegExp): Promise<string> => {
    for (;;) {
      const found = what.exec(told)?.[1];
      if (found !== undefined) return found;
      if (child.exitCode !== null) throw new Error(`the example ended: ${told}${wrong}`);
      await Promise.race([once(child.stdout ?? child, 'data'), once(child, 'exit')]);
    }
  };
  return {
    said,
    wrong: () => wrong,
    types: (text: string) => void child.stdin?.write(`${text}\n`),
    ended: async () => {
      if (child.exitCode === null) await once(child, 'exit');
      return child.exitCode;
    },
  };
}

describe('The example of a web login', function () {
  this.timeout(60_000);
  const undo = cleanup();
  before(function () {
    if (!haveChromium()) this.skip();
  });
  afterEach(() => undo.run());
  after(() => closeBrowser());

  it('logs a user in by password and phone, and nobody with only one of them', async () => {
    const { url, said, types, wrong } = await givenExample(undo);
    const { page, faults } = await givenBrowserPage(undo);
    const logsIn = async (password: string) => {
      await page.goto(url);
      await page.getByLabel('User name').fill('alice');
      await page.getByLabel('Password').fill(password);
      await page.getByRole('button').click();
    };
    // given a wrong password: no phone is asked
    await logsIn('guessed');
    assert.match((await page.getByRole('alert').textContent()) ?? '', /Wrong user name or password/);
    // given the right one, the page shows a number
    await logsIn('wonderland');
    const number = (await page.locator('strong').textContent()) ?? '';
    assert.match(number, /^\d\d$/);
    await keepPicture(page, 'example-web-login');
    // when the phone picks that number, of ten
    const options = (await said(/Type one of: (.+)/)).split(' ');
    assert.ok(options.includes(number) && options.length === 10);
    types(number);
    // then the browser goes on by itself
    await page.getByRole('heading', { name: 'Welcome, alice' }).waitFor();
    assert.deepEqual(faults, []);
    // and the phone had the terminal to itself
    assert.equal(wrong(), '');
  });

  it('says that its port is taken, and leaves neither a gateway nor files behind', async () => {
    const { url } = await givenExample(undo);
    const folder = temporaryFolder(undo);
    const second = startExample(undo, { PORT: new URL(url).port, TMPDIR: folder });
    assert.equal(await second.ended(), 1);
    assert.match(second.wrong(), /EADDRINUSE.*\n.*PORT=/);
    assert.deepEqual(readdirSync(folder), []);
  });

  it('tells the user of a decline', async () => {
    const { url, said, types } = await givenExample(undo);
    const { page } = await givenBrowserPage(undo);
    await page.goto(url);
    await page.getByLabel('User name').fill('alice');
    await page.getByLabel('Password').fill('wonderland');
    await page.getByRole('button').click();
    await said(/Type one of: (.+)/);
    types('no');
    await page.getByRole('alert').filter({ hasText: 'Not logged in' }).waitFor();
  });
});
