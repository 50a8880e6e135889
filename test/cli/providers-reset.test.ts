import assert from 'node:assert/strict';
import { renameSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { farSide } from '../kit/far-side.ts';
import { configText } from '../kit/gateway.ts';
import { gatewayProcess, pushgate } from '../kit/gateway-process.ts';
import { freePort } from '../kit/ports.ts';
import { cleanup, temporaryFolder } from '../kit/temporary.ts';

describe('A provider that is reset', function () {
  this.timeout(60_000);
  const undo = cleanup();
  afterEach(() => undo.run());

  /** A gateway in a process of its own whose provider is left alone for an hour after one failure, and the far side of that. */
  const given = async () => {
    const [folder, far, address] = [temporaryFolder(undo), await farSide(undo), `127.0.0.1:${await freePort()}`];
    writeFileSync(join(folder, 'ca.pem'), far.ca);
    const guard = { breakerFailures: 1, breakerOpenMs: 3_600_000 };
    const config = { push_url: far.url, server_certificate: 'ca.pem' };
    const more = {
      listeners: [{ address, mounts: ['challenge-service', 'ops', 'privacyidea'].map((serves) => ({ path: '/', serves })) }],
      providers: [
        { name: 'cs', kind: 'challenge-service', default: true, config, ...guard },
        { name: 'poll', kind: 'poll-only', config: {} },
      ],
    };
    const file = join(folder, 'config.json');
    writeFileSync(file, configText({ more }));
    const gateway = await gatewayProcess(file);
    undo.later(() => gateway.end('SIGKILL'));
    const push = async (number: number): Promise<number> => {
      const body = JSON.stringify({ challenge: { transactionId: `4123456789012345${number}`, gda: 'somebody', challenge: 'x' } });
      return (await fetch(`http://${address}/v1/challenge`, { method: 'POST', body })).status;
    };
    const cli = (...args: string[]) => pushgate(...args, '--config', file);
    return { folder, far, push, cli, logged: gateway.logged };
  };

  it('is taken back though its check fails, and the audit says who did it', async () => {
    // given a push service that failed, and that answers no check
    const { far, push, cli, logged } = await given();
    far.behave({ kind: 'reply', status: 503 });
    assert.equal(await push(1), 503);
    assert.match((await cli('providers', 'list')).out, /^cs +challenge-service {2}open +0 +0 +- +20\S+Z {2}/m);
    far.behave({ kind: 'reset' });
    assert.equal((await cli('providers', 'check', 'cs')).code, 1);
    const before = far.requests.length;
    // when an operator resets it
    const reset = await cli('providers', 'reset', 'cs');
    assert.deepEqual([reset.code, reset.out, reset.err], [0, 'cs is opened anew; its breaker is closed.\n', '']);
    // then it is as after a start, and nothing was sent
    assert.match((await cli('providers', 'list')).out, /^cs +challenge-service {2}closed +0 +0 +- +- /m);
    assert.equal(far.requests.length, before);
    far.behave({ kind: 'reply', status: 200 });
    assert.equal(await push(2), 200);
    await logged(/"event":"provider-reset","provider":"cs","by":\{[^}]*"administrator":/);
    assert.match((await cli('audit', 'list', '--kind', 'provider-reset')).out, /provider-reset/);
  });

  it('stays as it was where it cannot be opened, and is told what is wrong', async () => {
    const { folder, push, cli } = await given();
    renameSync(join(folder, 'ca.pem'), join(folder, 'away.pem'));
    const failed = await cli('providers', 'reset', 'cs');
    assert.deepEqual([failed.code, failed.out], [1, '']);
    assert.match(failed.err, /^pushgate: cs cannot be opened, and stays as it was: config\.server_certificate: Cannot read .*ca\.pem/);
    assert.equal(await push(1), 200);
    const unknown = await cli('providers', 'reset', 'gone');
    assert.deepEqual([unknown.code, /There is no provider gone\./.test(unknown.err)], [5, true]);
  });
});
