import assert from 'node:assert/strict';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { loadConfig } from '../../src/config/index.ts';
import { openLog } from '../../src/foundation/telemetry/index.ts';
import { startGateway } from '../../src/gateway/start.ts';
import { fakeClock, seconds } from '../kit/clock.ts';
import { configText } from '../kit/gateway.ts';
import { type GatewayProcess, gatewayProcess } from '../kit/gateway-process.ts';
import { givenKeycloak, type Keycloak } from '../kit/keycloak.ts';
import { piClient } from '../kit/pi-client.ts';
import { piPhone } from '../kit/pi-phone.ts';
import { freePort } from '../kit/ports.ts';
import { cheapParts } from '../kit/prepared-keys.ts';
import { cleanup, temporaryFolder } from '../kit/temporary.ts';

describe('A gateway that is killed beside a Keycloak', function () {
  this.timeout(120_000);
  const undo = cleanup();
  afterEach(() => undo.run());

  /** A gateway process with alice's phone, which a stand-in for Keycloak asks. */
  const givenProcess = async () => {
    const keycloak = await givenKeycloak(undo, Date.now);
    const file = join(temporaryFolder(undo), 'config.json');
    const address = `127.0.0.1:${await freePort()}`;
    const mounts = ['privacyidea', 'keycloak-ciba', 'ops'].map((serves) => ({ path: '/', serves }));
    writeFileSync(file, configText({ mounts, more: { keycloaks: [{ name: 'shop', issuer: keycloak.issuer }] } }, address));
    keycloak.channelUrl = `http://${address}/keycloak/ciba`;
    const gateway = await started(file);
    const client = piClient(`http://${address}`);
    const admin = await client.login('admin', /Password:\s+(\S+)/.exec(gateway.output().out)?.[1] ?? '');
    const offered = await client.post('/token/init', { type: 'push', genkey: '1', user: 'alice' }, admin);
    const { serial, enrollment_credential: credential } = offered.body.detail;
    const phone = piPhone(client, { serial, credential });
    assert.equal((await phone.rollout()).status, 200);
    const outbox = async (): Promise<{ state: string; lastError?: string }[]> => {
      const reply = await fetch(`${client.url}/ops/outbox`, { headers: admin });
      return JSON.parse(await reply.text()).messages;
    };
    return { keycloak, file, gateway, phone, outbox };
  };
  const started = async (file: string): Promise<GatewayProcess> => {
    const gateway = await gatewayProcess(file);
    undo.later(() => gateway.end('SIGKILL'));
    return gateway;
  };
  const sent = ({ callbacks }: Keycloak) => callbacks.map(({ sent: status, replied }) => `${status} ${replied}`);

  it('sends the result after its restart, if Keycloak could not be reached before', async () => {
    const { keycloak, file, gateway, phone, outbox } = await givenProcess();
    const { body } = await keycloak.ask({});
    const [{ nonce }] = (await phone.poll()).body.result.value;
    // given an approval that cannot be sent, since Keycloak is away
    await keycloak.listen(false);
    assert.equal((await phone.answer(nonce)).body.result.value, true);
    const waits = async () => (await outbox()).some(({ state, lastError }) => state === 'waiting' && lastError !== undefined);
    while (!(await waits())) await gateway.logged(/a callback to a Keycloak is tried again/);
    // when the gateway dies, and both are back
    await gateway.end('SIGKILL');
    await keycloak.listen(true);
    await started(file);
    // then Keycloak is told, once
    await keycloak.calledBack();
    assert.deepEqual(sent(keycloak), ['SUCCEED 200']);
    assert.equal((await keycloak.poll(body.auth_req_id)).status, 200);
  });

  it('does not send an approval again that it had begun to send, and says so', async () => {
    const { keycloak, file, gateway, phone } = await givenProcess();
    await keycloak.ask({});
    const [{ nonce }] = (await phone.poll()).body.result.value;
    // given an approval whose reply never comes
    keycloak.callbackFault = 'hang';
    await phone.answer(nonce);
    await keycloak.calledBack();
    // when the gateway dies, and another one takes over its messages a minute later
    await gateway.end('SIGKILL');
    keycloak.callbackFault = 'none';
    const logged: Record<string, unknown>[] = [];
    const told = Promise.withResolvers<Record<string, unknown>>();
    const log = openLog('info', {
      write: (line: string) => {
        logged.push(JSON.parse(line));
        const found = logged.find(({ event }) => event === 'message-dead');
        if (found) told.resolve(found);
      },
    });
    const loaded = await loadConfig(file, {});
    assert.ok(loaded.ok);
    const next = await startGateway({
      ...loaded.value,
      environment: {},
      clock: fakeClock(Date.now() + seconds(61)),
      log,
      parts: cheapParts,
    });
    undo.later(() => next.close());
    // then it tells the operator, and Keycloak nothing
    const { target, error } = await told.promise;
    assert.deepEqual([target, error], ['ciba:shop', 'outcome-unknown']);
    await next.sendMessages();
    assert.deepEqual(sent(keycloak), ['SUCCEED 0']);
  });
});
