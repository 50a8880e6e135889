import assert from 'node:assert/strict';
import { type GatewayEvent, record } from '../../src/foundation/model/index.ts';
import { openLog, openMetrics } from '../../src/foundation/telemetry/index.ts';
import { openEventBus, watchStore } from '../../src/gateway/events.ts';
import { type GivenGateway, givenGateway } from '../kit/gateway.ts';
import { cleanup } from '../kit/temporary.ts';

type Line = Record<string, unknown>;

const metricsOf = async ({ gateway }: GivenGateway): Promise<string> => (await fetch(`${gateway.urls[0]}/metrics`)).text();

describe('What happened, as the log tells it', () => {
  const undo = cleanup();
  afterEach(() => undo.run());

  const linesOf = ({ logged }: GivenGateway, event: string): Line[] => logged.filter((line) => line.event === event);
  const given = async (): Promise<GivenGateway & { serial: string }> => {
    const gateway = await givenGateway(undo);
    const phone = await gateway.phoneOf('alice');
    return { ...gateway, serial: phone.serial };
  };

  it('has a line for each step of a login, with who, whence and through whom', async () => {
    const gateway = await givenGateway(undo);
    const phone = await gateway.phoneOf('alice');
    const { id, nonce } = await gateway.challenge('alice', phone);
    await phone.answer(nonce);
    await gateway.client.post('/validate/check', { user: 'alice', pass: '', transaction_id: id });
    const serial = phone.serial;
    const origin = { authServer: 'local', dialect: 'privacyidea', client: '127.0.0.1' };
    const [started] = linesOf(gateway, 'login-started');
    const { requestId, ...from } = record(started?.origin);
    assert.deepEqual(from, origin);
    assert.ok(
      gateway.logged.some((line) => line.message === 'request' && line.requestId === requestId),
      'the request can be found',
    );
    assert.deepEqual([started?.user, started?.realm, started?.serials, started?.transaction], ['alice', 'corp', [serial], id]);
    const [answered] = linesOf(gateway, 'challenge-answered');
    assert.deepEqual([answered?.verdict, answered?.serial, answered?.transaction], ['accepted', serial, id]);
    const [finished] = linesOf(gateway, 'login-finished');
    assert.deepEqual([finished?.user, finished?.serials, finished?.transaction, finished?.authServer], ['alice', [serial], id, 'local']);
    assert.deepEqual(linesOf(gateway, 'push-delivered').length, 1);
    assert.deepEqual(
      linesOf(gateway, 'phone-enrolled').map((line) => [line.serial, line.user]),
      [[serial, 'alice']],
    );
  });

  it('warns where a user says that a login is not theirs, and not where the user gave up', async () => {
    const gateway = await givenGateway(undo);
    const phone = await gateway.phoneOf('alice');
    for (const reason of ['cancelled', 'unknown_trigger']) {
      const { nonce } = await gateway.challenge('alice', phone);
      await phone.answer(nonce, { decline: true, reason });
    }
    const lines = linesOf(gateway, 'challenge-answered').map(({ level, declineReason }) => [level, declineReason]);
    assert.deepEqual(lines, [
      ['info', 'cancelled'],
      ['warn', 'not-me'],
    ]);
    assert.match(await metricsOf(gateway), /pushgate_fraud_reports_total 1/);
  });

  it('tells which administrator did what to which push token', async () => {
    const gateway = await given();
    const { client, admin, serial } = gateway;
    await client.post('/token/disable', { serial }, admin);
    await client.post('/token/setpin', { serial, otppin: '4711' }, admin);
    await client.send(`/token/${serial}`, { method: 'DELETE', headers: admin });
    const lines = linesOf(gateway, 'token-administered').filter((line) => line.act !== 'offer');
    assert.deepEqual(
      lines.map((line) => [line.act, line.serial, line.user, record(line.by).administrator, record(line.by).client]),
      [
        ['disable', serial, 'alice', 'admin', '127.0.0.1'],
        ['set-pin', serial, 'alice', 'admin', '127.0.0.1'],
        ['delete', serial, 'alice', 'admin', '127.0.0.1'],
      ],
    );
    assert.ok(!JSON.stringify(gateway.logged).includes('4711'));
  });

  it('tells which administrator cancelled what, and takes over the id of the request', async () => {
    const gateway = await givenGateway(undo);
    const { client, admin } = gateway;
    const phone = await gateway.phoneOf('alice');
    const { id } = await gateway.challenge('alice', phone);
    const headers = { ...admin, 'x-request-id': 'ticket-17' };
    await client.send(`/token/challenges/transaction/${id}`, { method: 'DELETE', headers });
    const lines = linesOf(gateway, 'challenge-cancelled').map((line) => [line.transaction, line.user, line.serials, record(line.by)]);
    const by = { authServer: '', dialect: 'privacyidea', client: '127.0.0.1', administrator: 'admin', requestId: 'ticket-17' };
    assert.deepEqual(lines, [[id, 'alice', [phone.serial], by]]);
  });

  it('tells of administrators who log in, and warns of those who may not', async () => {
    const gateway = await givenGateway(undo);
    const { client } = gateway;
    await client.post('/auth', { username: 'admin', password: 'guessed-wrong' });
    const [refused] = linesOf(gateway, 'administrator-refused');
    assert.deepEqual([refused?.level, refused?.administrator, refused?.client], ['warn', 'admin', '127.0.0.1']);
    assert.equal(linesOf(gateway, 'administrator-logged-in').length, 1);
    assert.ok(!JSON.stringify(gateway.logged).includes('guessed-wrong'));
    assert.match(await metricsOf(gateway), /pushgate_administrators_refused_total 1/);
  });

  it('has one line when the store is lost, and one when it is back', () => {
    const told: GatewayEvent[] = [];
    const onOperation = watchStore((event) => told.push(event));
    for (const outcome of ['ok', 'fault', 'fault', 'ok', 'ok', 'fault'] as const) onOperation('probe', outcome, 0);
    assert.deepEqual(
      told.map(({ kind }) => kind),
      ['store-lost', 'store-back', 'store-lost'],
    );
  });

  it('takes a store that can be read and not written for lost, until it takes a write again', () => {
    const told: GatewayEvent[] = [];
    const onOperation = watchStore((event) => told.push(event));
    for (const [operation, outcome] of [
      ['addTransaction', 'fault'],
      ['findToken', 'ok'],
      ['listAudit', 'ok'],
      ['appendAudit', 'fault'],
      ['probe', 'ok'],
      ['findToken', 'fault'],
      ['probe', 'ok'],
      ['tokensOf', 'ok'],
    ] as const)
      onOperation(operation, outcome, 0);
    assert.deepEqual(
      told.map(({ kind }) => kind),
      ['store-lost', 'store-back', 'store-lost', 'store-back'],
    );
  });

  it('goes on where one listener fails', () => {
    const lines: Line[] = [];
    const log = openLog('info', { write: (line: string) => void lines.push(JSON.parse(line)) });
    const metrics = openMetrics('test');
    const broken = { ...metrics, fraudReports: { ...metrics.fraudReports, inc: () => assert.fail('broken') } };
    const about = { authServer: 'a', transaction: 't', serial: 's', user: 'u', realm: 'r' } as const;
    openEventBus(log, broken).tell({ kind: 'login-reported', ...about, because: 'not-me', disabled: false });
    assert.deepEqual(
      lines.map(({ level, message }) => [level, message]),
      [
        ['warn', "a user reported a login as somebody else's"],
        ['error', 'a listener for events failed'],
      ],
    );
  });
});
