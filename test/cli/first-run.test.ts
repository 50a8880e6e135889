import assert from 'node:assert/strict';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { configText } from '../kit/gateway.ts';
import { gatewayProcess, pushgate } from '../kit/gateway-process.ts';
import { freePort } from '../kit/ports.ts';
import { cleanup, temporaryFolder } from '../kit/temporary.ts';

describe('The first five minutes', function () {
  this.timeout(120_000);
  const undo = cleanup();
  afterEach(() => undo.run());

  const givenGatewayProcess = async () => {
    const folder = temporaryFolder(undo);
    const file = join(folder, 'config.json');
    const port = await freePort();
    const url = `http://127.0.0.1:${port}`;
    const policies = [
      {
        name: 'here',
        scope: 'enrollment',
        actions: { push_firebase_configuration: 'poll only', push_registration_url: `${url}/ttype/push` },
      },
    ];
    writeFileSync(file, configText({ policies, settings: { logLevel: 'error' } }, `127.0.0.1:${port}`));
    const gateway = await gatewayProcess(file);
    undo.later(() => gateway.end('SIGTERM'));
    const picture = join(folder, 'alice.png');
    const phone = join(folder, 'phone.json');
    return { file, gateway, picture, phone };
  };

  it('end in an accepted login: make a token, scan its picture, log in', async () => {
    const { file, picture, phone } = await givenGatewayProcess();
    const init = await pushgate('tokens', 'init', '--user', 'alice', '--pin', '1234', '--qr', picture, '--config', file);
    const enrol = await pushgate('phone', 'enrol', '--qr', picture, '--phone', phone);
    const login = await pushgate('login', '--user', 'alice', '--pin', '1234', '--approve', '--phone', phone, '--config', file);
    assert.deepEqual([init.code, enrol.code, login.code], [0, 0, 0], init.err + enrol.err + login.err);
    assert.match(init.out, /^otpauth:\/\/pipush\//);
    assert.match(enrol.out, /^enrolled PIPU/);
    assert.match(login.out, /ACCEPT: Found matching challenge\nLogin accepted\.\n$/);
    const declined = await pushgate('login', '--user', 'alice', '--pin', '1234', '--decline', '--phone', phone, '--config', file);
    assert.equal(declined.code, 1);
    assert.match(declined.out, /The phone's answer: declined/);
    const list = await pushgate('tokens', 'list', '--config', file);
    assert.match(list.out, /^SERIAL .*\nPIPU\w+ {2}alice {2}corp {3}enrolled {2}enabled {2}0\n$/);
  });

  it('tell the whole story by themselves', async () => {
    const { code, out, err } = await pushgate('demo');
    assert.equal(code, 0, err);
    assert.deepEqual(
      out
        .trim()
        .split('\n')
        .map((line) => line.slice(0, 2)),
      ['1.', '2.', '3.', '4.', '5.', '6.', '7.', '8.', '9.'],
    );
    // The README shows its first eight lines, with a port, a serial and a transaction of its own.
    const [, shown = ''] = /^```text\n([\s\S]*?)^```$/m.exec(readFileSync('README.md', 'utf8')) ?? [];
    const plain = (text: string): string => text.replace(/127\.0\.0\.1:\d+|PIPU\w+|\d{20}/g, '…');
    assert.equal(shown.trimEnd().split('\n').length, 8);
    assert.ok(plain(out).startsWith(plain(shown)), out);
  });

  it('tell what a push does when things break, with fakes of the push services', async () => {
    const { code, out, err } = await pushgate('demo', '--with-fakes');
    assert.equal(code, 0, err);
    for (const line of [
      /^3\. Policy rings alice by cs, then fcm/m,
      /^4\. .*Delivery: cs sent\. .*ACCEPT/m,
      /^5\. .*Delivery: cs unavailable connection, then fcm sent\. .*ACCEPT/m,
      /^6\. .*fcm rejected dead-address/m,
      /^8\. .*ACCEPT/m,
    ])
      assert.match(out, line);
  });

  it('say what to do when the gateway does not run, and when a command is mistyped', async () => {
    const folder = temporaryFolder(undo);
    const file = join(folder, 'config.json');
    writeFileSync(file, configText({}, `127.0.0.1:${await freePort()}`));
    const stopped = await pushgate('login', '--user', 'alice', '--config', file);
    const mistyped = await pushgate('tokns');
    const nothing = await pushgate('phone', 'approve', '--phone', join(folder, 'phone.json'));
    assert.match(stopped.err, /^pushgate: the gateway at .* does not answer .*npx pushgate serve\n$/);
    assert.match(mistyped.err, /^pushgate: unknown command 'tokns' \(Did you mean tokens\?\)\. See: npx pushgate --help\n$/);
    assert.match(nothing.err, /^pushgate: there is no virtual phone in \S+phone\.json\. npx pushgate phone enrol makes one/);
    assert.deepEqual([stopped.code, mistyped.code, nothing.code], [4, 2, 1]);
  });
});
