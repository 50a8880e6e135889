import assert from 'node:assert/strict';
import { join } from 'node:path';
import { createKeyringFile } from '../../../../src/foundation/keyring/index.ts';
import { countCalls } from '../../../kit/counted-calls.ts';
import { type GatewayWishes, type GivenGateway, givenGateway, unlimited } from '../../../kit/gateway.ts';
import { type PiPhone, piPhone } from '../../../kit/pi-phone.ts';
import { forgetAnnouncements } from '../../../kit/records.ts';
import { cleanup, temporaryFolder } from '../../../kit/temporary.ts';

const reasons = { capabilities: '["decline_reason"]' };
const one = { signatures: 1, capabilities: undefined };
const two = { signatures: 2, capabilities: '{"decline_reason": true}' };

/** The number of signatures for a login of alice, and the capabilities in its challenge. */
async function loginOf({ client }: GivenGateway, phone: PiPhone) {
  const signing = countCalls('RSA signatures');
  try {
    const { body, text } = await client.post('/validate/check', { user: 'alice', pass: '1234' });
    assert.equal(body.result.authentication, 'CHALLENGE', text);
  } finally {
    signing.stop();
  }
  const { capabilities, capabilities_signature: second } = (await phone.poll()).body.result.value.at(-1);
  assert.equal(second === undefined, capabilities === undefined, 'capabilities never come without their signature');
  return { signatures: signing.count(), capabilities };
}

/** A message that the phone signs, with an unsigned part. */
function messagesOf({ client, clock, gateway }: GivenGateway, { serial, sign }: PiPhone) {
  const moment = () => {
    clock.advance(1);
    return new Date(clock()).toISOString();
  };
  const heard = async (sent: Promise<{ status: number }>): Promise<number> => {
    const { status } = await sent;
    await gateway.settled();
    return status;
  };
  return {
    poll(more: object, text = (timestamp: string) => `${serial}|${timestamp}`) {
      const timestamp = moment();
      return heard(client.get('/ttype/push', { serial, timestamp, signature: sign(text(timestamp)), ...more }));
    },
    address(more: object, text = (timestamp: string) => `new|${serial}|${timestamp}`) {
      const timestamp = moment();
      return heard(client.post('/ttype/push', { serial, new_fb_token: 'new', timestamp, signature: sign(text(timestamp)), ...more }));
    },
  };
}

describe('The second signature of a challenge', () => {
  const undo = cleanup();
  afterEach(() => undo.run());

  const given = async (rollout: Record<string, string>, wishes: GatewayWishes = {}) => {
    const gateway = await givenGateway(undo, { ...wishes, policies: [...(wishes.policies ?? []), unlimited] });
    const { body } = await gateway.client.post('/token/init', { type: 'push', genkey: '1', user: 'alice', pin: '1234' }, gateway.admin);
    const { serial, enrollment_credential: credential } = body.detail;
    const phone = piPhone(gateway.client, { serial, credential, clock: gateway.clock });
    assert.equal((await phone.rollout(rollout)).status, 200);
    return { gateway, phone, credential };
  };

  /** The same on a store of an older version. */
  const givenFromBefore = async (rollout: Record<string, string>) => {
    const [path, file] = [join(temporaryFolder(undo), 'pushgate.db'), join(temporaryFolder(undo), 'keyring.json')];
    createKeyringFile(file, 0);
    const more = { store: { kind: 'embedded', path }, keyring: { $file: file } };
    const before = await given(rollout, { more });
    await before.gateway.gateway.close();
    forgetAnnouncements(path);
    const gateway = await givenGateway(undo, { more, policies: [unlimited] });
    const { serial } = before.phone;
    return { gateway, phone: piPhone(gateway.client, { serial, credential: before.credential, clock: gateway.clock }) };
  };

  for (const { title, rollout, rule, cost } of [
    { title: 'is there for a phone that announced capabilities at its rollout', rollout: reasons, cost: two },
    { title: 'is not there for one that announced none', rollout: {}, cost: one },
    { title: 'is not there for one that announced an empty list', rollout: { capabilities: '[]' }, cost: one },
    { title: 'is not there for one that sent no list', rollout: { capabilities: 'decline_reason' }, cost: one },
    { title: 'is there for everybody where a rule says so', rollout: {}, rule: 'always', cost: two },
    { title: 'follows what is known where a rule says that', rollout: {}, rule: 'when-known', cost: one },
  ] as { title: string; rollout: Record<string, string>; rule?: string; cost: typeof one | typeof two }[])
    it(title, async () => {
      const policies = rule === undefined ? [] : [{ name: 'r', scope: 'authentication', actions: { push_capabilities_signature: rule } }];
      const { gateway, phone } = await given(rollout, { policies });
      assert.deepEqual(await loginOf(gateway, phone), cost);
      assert.deepEqual(await loginOf(gateway, phone), cost);
    });

  for (const message of ['poll', 'address'] as const)
    it(`is added from the first signed message on that announces capabilities: ${message}`, async () => {
      const { gateway, phone } = await given({});
      const send = messagesOf(gateway, phone)[message];
      assert.equal(await send({}), 200);
      assert.deepEqual(await loginOf(gateway, phone), one);
      // when an attacker announces them in the phone's name
      assert.equal(await send(reasons, () => 'another text'), 400);
      assert.deepEqual(await loginOf(gateway, phone), one);
      // when the phone does
      assert.equal(await send(reasons), 200);
      assert.deepEqual(await loginOf(gateway, phone), two);
      // then a message without them, which a relay may have cut, removes nothing
      assert.equal(await send({}), 200);
      assert.deepEqual(await loginOf(gateway, phone), two);
    });

  it('is added for a phone of an older version until its first message, and after that where it announced capabilities', async () => {
    for (const [rollout, after] of [
      [reasons, two],
      [{}, one],
    ] as const) {
      const { gateway, phone } = await givenFromBefore(rollout);
      const login = async () => {
        const signing = countCalls('RSA signatures');
        await gateway.client.post('/validate/check', { user: 'alice', pass: '1234' });
        signing.stop();
        return signing.count();
      };
      assert.deepEqual([await login(), await login()], [2, 2]);
      assert.equal(await messagesOf(gateway, phone).poll({}), 200);
      assert.equal(await login(), after.signatures);
    }
  });

  it('stores an announcement once, however often the phone repeats it', async () => {
    const { gateway, phone } = await given({});
    const writes = async (): Promise<number> => {
      const text = await (await fetch(`${gateway.gateway.urls[0]}/metrics`)).text();
      return Number(/^pushgate_store_operation_seconds_count\{op="changeToken",outcome="ok"\} (\d+)$/m.exec(text)?.[1]);
    };
    const before = await writes();
    const { poll } = messagesOf(gateway, phone);
    for (const more of [{}, reasons, reasons, {}, reasons]) assert.equal(await poll(more), 200);
    assert.equal((await writes()) - before, 1);
  });

  it('ends with the phone: another phone gets it by its own announcement', async () => {
    const { gateway, phone } = await given(reasons);
    const { serial } = phone;
    const { body } = await gateway.client.post('/token/init', { type: 'push', genkey: '1', serial, rollover: '1' }, gateway.admin);
    const next = piPhone(gateway.client, { serial, credential: body.detail.enrollment_credential, clock: gateway.clock });
    assert.equal((await next.rollout()).status, 200);
    assert.deepEqual(await loginOf(gateway, next), one);
  });
});

describe('A refused login', () => {
  const undo = cleanup();
  afterEach(() => undo.run());

  it('costs no signature', async () => {
    const gateway = await givenGateway(undo);
    await gateway.phoneOf('alice');
    await gateway.client.post('/token/init', { type: 'push', genkey: '1', user: 'waiting', pin: '1234' }, gateway.admin);
    const signing = countCalls('RSA signatures');
    undo.later(() => signing.stop());
    for (const [user, pass] of [
      ['alice', 'wrong'],
      ['alice', ''],
      ['nobody', '1234'],
      ['waiting', '1234'],
    ] as const)
      assert.notEqual((await gateway.client.post('/validate/check', { user, pass })).body.result.authentication, 'CHALLENGE', user);
    assert.equal(signing.count(), 0);
  });

  it('costs no signature where it is quiet, though it looks like a waiting one', async () => {
    const gateway = await givenGateway(undo, { settings: { lockout: 'source', DefaultMaxFailCount: 2 } });
    await gateway.phoneOf('alice');
    const check = async (pass: string) =>
      (await gateway.client.post('/validate/check', { user: 'alice', pass })).body.result.authentication;
    for (let times = 0; times < 2; times += 1) assert.equal(await check('wrong'), 'REJECT');
    const signing = countCalls('RSA signatures');
    undo.later(() => signing.stop());
    assert.equal(await check('wrong'), 'CHALLENGE');
    await gateway.gateway.settled();
    assert.equal(signing.count(), 0);
    // when the PIN is right, its phone is asked behind the reply
    assert.equal(await check('1234'), 'CHALLENGE');
    await gateway.gateway.settled();
    assert.equal(signing.count(), 1);
  });
});
