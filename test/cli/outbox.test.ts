import assert from 'node:assert/strict';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { configText } from '../kit/gateway.ts';
import { gatewayProcess, pushgate } from '../kit/gateway-process.ts';
import { hookReceiver } from '../kit/hook-receiver.ts';
import { freePort } from '../kit/ports.ts';
import { cleanup, temporaryFolder } from '../kit/temporary.ts';

describe('Messages to a web hook', function () {
  this.timeout(120_000);
  const undo = cleanup();
  afterEach(() => undo.run());

  /** A gateway in a process of its own with a web hook, and alice with her phone. */
  const given = async () => {
    const [folder, receiver, port] = [temporaryFolder(undo), await hookReceiver(undo), await freePort()];
    writeFileSync(join(folder, 'hook-secret'), `whsec_${Buffer.alloc(32, 7).toString('base64')}\n`);
    const secret = { $file: 'hook-secret' };
    const hook = { name: 'billing', authServer: 'local', url: receiver.url, secret, allowPrivate: true, events: ['challenge.created'] };
    const mounts = ['privacyidea', 'ops'].map((serves) => ({ path: '/', serves }));
    const file = join(folder, 'config.json');
    const actions = { push_registration_url: `http://127.0.0.1:${port}/ttype/push` };
    const more = { listeners: [{ address: `127.0.0.1:${port}`, mounts }], webHooks: [hook] };
    writeFileSync(file, configText({ policies: [{ name: 'here', scope: 'enrollment', actions }], more }));
    const start = async () => {
      const gateway = await gatewayProcess(file);
      undo.later(() => gateway.end('SIGKILL'));
      return gateway;
    };
    const gateway = await start();
    const cli = (...args: string[]) => pushgate(...args, '--config', file);
    const made = await cli('tokens', 'init', '--user', 'alice', '--pin', '1234', '--json');
    const enrolled = await pushgate('phone', 'enrol', JSON.parse(made.out).uri, '--phone', join(folder, 'phone.json'));
    assert.equal(enrolled.code, 0, enrolled.err);
    return { receiver, gateway, start, cli, login: () => cli('login', '--user', 'alice', '--pin', '1234', '--wait', '0') };
  };

  /** The ids of listed messages. */
  const idsOf = ({ out }: { out: string }): string[] => JSON.parse(out).messages.map(({ id }: { id: string }) => id);

  it('arrive after a kill -9 of the gateway, are given up, replayed and dropped by an operator', async () => {
    // given a receiver that fails, and a login whose event waits
    const { receiver, gateway, start, cli, login } = await given();
    receiver.reply({ status: 503 });
    await login();
    await receiver.count(1);
    const waiting = await cli('outbox', 'list', '--target', 'hook:billing', '--json');
    assert.deepEqual([waiting.code, idsOf(waiting).length], [0, 1], waiting.err);
    // when its gateway is killed and another one starts, and the receiver is gone for good
    await gateway.end('SIGKILL');
    receiver.reply({ status: 410 });
    const next = await start();
    await receiver.count(2);
    await next.logged(/"event":"message-dead","target":"hook:billing"/);
    // then doctor and list say so, and a replay sends it again
    const id = idsOf(waiting)[0] ?? assert.fail();
    assert.match((await cli('outbox', 'list', '--state', 'dead')).out, new RegExp(`hook:billing +dead +\\d+ +410 .*${id}`));
    assert.match((await cli('doctor')).out, /outbox to hook:billing.*1 messages were given up/);
    receiver.reply({ status: 204 });
    const replayed = await cli('outbox', 'replay', '--target', 'hook:billing');
    assert.deepEqual([replayed.code, replayed.out], [0, '1 message is sent again.\n'], replayed.err);
    await receiver.count(3);
    const [first, , last] = receiver.received;
    assert.deepEqual([last?.headers['webhook-id'], last?.body], [first?.headers['webhook-id'], first?.body]);
    // and what is not there cannot be replayed
    assert.equal((await cli('outbox', 'replay', id)).code, 5);
    assert.equal((await cli('outbox', 'replay')).code, 1);
    assert.match((await cli('audit', 'list', '--kind', 'outbox-administered')).out, /outbox-administered/);
    // and the watch for the expiry of the login can be dropped
    const watch = idsOf(await cli('outbox', 'list', '--json'))[0] ?? assert.fail();
    assert.deepEqual(JSON.parse((await cli('outbox', 'drop', watch, '--json')).out), { dropped: [watch] });
    assert.deepEqual(idsOf(await cli('outbox', 'list', '--json')), []);
  });
});
