import assert from 'node:assert/strict';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { createKeyringFile } from '../../src/foundation/keyring/index.ts';
import { givenFakes } from '../fakes/fakes-kit.ts';
import { configText } from '../kit/gateway.ts';
import { type GatewayProcess, gatewayProcess } from '../kit/gateway-process.ts';
import { linotpPush } from '../kit/linotp-server.ts';
import { dropDatabase, givenMongo } from '../kit/mongod.ts';
import { freePort } from '../kit/ports.ts';
import { relayParts } from '../kit/relay.ts';
import { tcpProxy } from '../kit/tcp-proxy.ts';
import { cleanup, temporaryFolder } from '../kit/temporary.ts';
import { askTls } from '../kit/tls-client.ts';

const text = 'lseqr://push/AgAAAACgN2DL0AK-OqGE00GAK6Nt';
const gda = 'fcm.phone-1';

describe('A LinOTP server and two gateways that share a MongoDB', function () {
  this.timeout(120_000);
  const mongo = givenMongo();
  const undo = cleanup();
  afterEach(() => undo.run());

  type Node = { url: string; port: number; process: GatewayProcess };

  const given = async (deadlineMs = 2000) => {
    const { fakes, exchanges } = await givenFakes(undo);
    const folder = temporaryFolder(undo);
    const database = mongo.database();
    undo.later(() => dropDatabase(mongo.url(), database));
    createKeyringFile(join(folder, 'keyring.json'), 0);
    writeFileSync(join(folder, 'mongodb.url'), mongo.url());
    const { linotp, tls, providers, authServers } = await relayParts(folder, fakes);
    const mounts = [
      { path: '/', serves: 'challenge-service' },
      { path: '/rest', serves: 'rest' },
    ];
    const servers = authServers.map((server) => ({ ...server, mounts: ['/', '/rest'], rights: ['trigger', 'deliver'] }));
    const start = async (name: string): Promise<Node> => {
      const port = await freePort();
      const file = join(folder, `${name}.json`);
      const listener = { address: `127.0.0.1:${port}`, mounts, tls };
      const store = { kind: 'mongodb', url: { $file: 'mongodb.url' }, database };
      const settings = { logLevel: 'warn', serverKeyStock: 1, deliveryDeadlineMs: deadlineMs };
      writeFileSync(file, configText({ settings, more: { listeners: [listener], store, providers, authServers: servers } }));
      const process = await gatewayProcess(file);
      undo.later(() => process.end('SIGKILL'));
      return { url: `https://127.0.0.1:${port}/v1/challenge`, port, process };
    };
    const first = await start('first');
    return { fakes, exchanges, linotp, first, second: await start('second') };
  };

  it('brings the push once where the first URL is dead', async () => {
    const { fakes, linotp, second } = await given();
    const dead = `https://127.0.0.1:${await freePort()}/v1/challenge`;
    const pushed = await linotpPush({ urls: [dead, second.url], ...linotp }, '41227575594942494', gda, text);
    assert.deepEqual(pushed, { success: true, result: 'OK\n' });
    assert.deepEqual(
      fakes.deliveries.map(({ address, payload }) => [address, (payload as { data: object }).data]),
      [['phone-1', { transactionId: '41227575594942494', challenge: text }]],
    );
  });

  it('brings it once where the replies of the first get lost on their way', async () => {
    // given a wire to the first gateway that lets requests through and swallows what comes back
    const { fakes, linotp, first, second } = await given();
    const wire = await tcpProxy(undo, first.port);
    const hole = `https://127.0.0.1:${wire.port}/v1/challenge`;
    const urls = [hole, second.url];
    const delivered = fakes.nextDelivery().then(() => wire.hold());
    // when LinOTP tries the first one, gives up twice, and goes on to the second
    const pushed = await linotpPush({ urls, ...linotp, readMs: 1000 }, '41227575594942495', gda, text);
    await delivered;
    // then the second one knows what the first has done
    assert.deepEqual(pushed, { success: true, result: 'OK\n' });
    assert.equal(fakes.deliveries.length, 1);
  });

  it('makes a repeat wait for a slow first delivery, at whichever gateway it comes', async () => {
    const { fakes, linotp, first, second } = await given(8000);
    fakes.setFault({ fake: 'fcm', delayMs: 3000, times: 1 });
    // when LinOTP loses patience every second, and asks the second gateway in the end
    const started = Date.now();
    const pushed = await linotpPush({ urls: [first.url, second.url], ...linotp, readMs: 1000 }, '41227575594942496', gda, text);
    // then nobody delivered again, and who waited last has the reply of the first
    assert.deepEqual(pushed, { success: true, result: 'OK\n' });
    assert.ok(Date.now() - started >= 3000);
    assert.equal(fakes.deliveries.length, 1);
  });

  it('delivers it at the second gateway when the first was killed at it', async () => {
    // given a first gateway that hands the push to an FCM which takes its time over it
    const { fakes, exchanges, linotp, first, second } = await given(1000);
    fakes.setFault({ fake: 'fcm', hang: true });
    const id = '41227575594942497';
    const lost = linotpPush({ urls: [first.url], ...linotp, readMs: 20_000 }, id, gda, text);
    // when it dies at that
    while (!exchanges.some(({ fake, outcome }) => fake === 'fcm' && outcome === 'fault')) await sleep(5);
    await first.process.end('SIGKILL');
    assert.deepEqual(await lost, { raised: 'AllResourcesUnavailable' });
    fakes.clearFaults();
    // then the second one waits for the end of that claim, and delivers
    const pushed = await linotpPush({ urls: [first.url, second.url], ...linotp, readMs: 6000 }, id, gda, text);
    assert.deepEqual(pushed, { success: true, result: 'OK\n' });
    assert.equal(fakes.deliveries.length, 1);
  });

  it('delivers a payload of the REST interface once, though both get it at the same time', async () => {
    const { fakes, linotp, first, second } = await given(20_000);
    const body = JSON.stringify({ to: { addresses: [{ kind: 'fcm', value: 'phone-1' }] }, payload: text });
    const headers = { 'content-type': 'application/json', 'idempotency-key': 'one' };
    const deliver = ({ port }: Node) =>
      askTls({ url: `https://127.0.0.1:${port}/rest/v1/deliveries`, method: 'POST', headers, body, ...linotp });
    // when four requests race for a push that takes its time
    fakes.setFault({ fake: 'fcm', delayMs: 500, times: 1 });
    const replies = await Promise.all([first, second, first, second].map(deliver));
    // then all get the same reply
    assert.deepEqual(
      replies.map(({ status, text: told }) => [status, told]),
      replies.map(() => [200, replies[0]?.text]),
    );
    assert.equal(JSON.parse(replies[0]?.text ?? '').outcome, 'sent');
    assert.equal(fakes.deliveries.length, 1);
  });
});
