import assert from 'node:assert/strict';
import { minutes } from '../../../../kit/clock.ts';
import { type GivenGateway, givenGateway } from '../../../../kit/gateway.ts';
import { cleanup } from '../../../../kit/temporary.ts';

/** The calls of an administrator, and shortcuts to their replies. */
const callsOf = ({ client, admin }: GivenGateway) => {
  const post = (path: string, form: Record<string, string> = {}) => client.post(path, form, admin);
  const remove = (path: string) => client.send(path, { method: 'DELETE', headers: admin });
  const challenges = async (path: string, query: Record<string, string> = {}) =>
    (await client.get(`/token/challenges/${path}`, query, admin)).body.result.value;
  const tokenOf = async (serial: string) => (await client.get('/token/', { serial }, admin)).body.result.value.tokens[0];
  const login = async (form: Record<string, string>) => (await client.post('/validate/check', form)).body;
  return { post, remove, challenges, tokenOf, login };
};

describe('Owners of push tokens', () => {
  const undo = cleanup();
  afterEach(() => undo.run());

  it('assigns a token without an owner, with its PIN, and to no other user after that', async () => {
    // given a token without an owner, bound to a phone
    const given = await givenGateway(undo);
    const { post, login, tokenOf } = callsOf(given);
    const phone = await given.phoneOf('');
    // when it is assigned to alice, and then to bob
    const assigned = await post('/token/assign', { serial: phone.serial, user: 'alice', realm: 'corp', pin: '9876' });
    const again = await post('/token/assign', { serial: phone.serial, user: 'bob' });
    // then alice has it, and logs in with the new PIN
    assert.equal(assigned.body.result.value, true, assigned.text);
    assert.deepEqual(
      [again.status, again.body.result.error],
      [400, { code: 1103, message: "ERR1103: Token already assigned to user User(login='alice', realm='corp', resolver='')" }],
    );
    assert.equal((await login({ user: 'alice', pass: '9876' })).result.authentication, 'CHALLENGE');
    const { username, realms } = await tokenOf(phone.serial);
    assert.deepEqual([username, realms], ['alice', ['corp']]);
  });

  it('unassigns: the PIN is removed, and open challenges of the old owner end', async () => {
    // given a login of alice, who has two phones
    const given = await givenGateway(undo);
    const { post, login, tokenOf } = callsOf(given);
    const [first, second] = [await given.phoneOf('alice'), await given.phoneOf('alice')];
    const { id, nonce } = await given.challenge('alice', first);
    // when the first phone's token is taken from her and given to bob
    assert.equal((await post('/token/unassign', { serial: first.serial })).body.result.value, 1);
    assert.equal((await post('/token/unassign', { serial: first.serial })).body.result.value, 0);
    assert.equal((await tokenOf(first.serial)).username, '');
    assert.equal((await post('/token/assign', { serial: first.serial, user: 'bob' })).body.result.value, true);
    // then neither phone can answer for alice
    assert.equal((await first.answer(nonce)).body.result.value, false);
    assert.deepEqual((await second.poll()).body.result.value, []);
    assert.equal((await login({ user: 'alice', pass: '', transaction_id: id })).result.value, false);
    // and bob logs in without a PIN, which was alice's
    assert.equal((await login({ user: 'bob', pass: '1234' })).result.authentication, 'REJECT');
    assert.equal((await login({ user: 'bob', pass: '' })).result.authentication, 'CHALLENGE');
  });

  it('an answer from before the change of owner finishes no login', async () => {
    const given = await givenGateway(undo);
    const { post, login } = callsOf(given);
    const phone = await given.phoneOf('alice');
    const { id, nonce } = await given.challenge('alice', phone);
    assert.equal((await phone.answer(nonce)).body.result.value, true);
    await post('/token/unassign', { serial: phone.serial });
    await post('/token/assign', { serial: phone.serial, user: 'bob' });
    for (const user of ['alice', 'bob']) assert.equal((await login({ user, pass: '', transaction_id: id })).result.value, false, user);
  });

  it('refuses unknown and missing values', async () => {
    const given = await givenGateway(undo);
    const { post } = callsOf(given);
    const refused = async (path: string, form: Record<string, string>) => (await post(path, form)).body.result.error;
    assert.deepEqual(await refused('/token/assign', { user: 'alice' }), { code: 905, message: 'ERR905: Missing parameter: serial' });
    assert.deepEqual(await refused('/token/assign', { serial: 'NOPE' }), { code: 905, message: 'ERR905: Missing parameter: user' });
    assert.equal((await refused('/token/assign', { serial: 'NOPE', user: 'alice' }))?.code, 601);
    assert.equal((await refused('/token/assign', { serial: 'NOPE', user: 'alice', realm: 'nowhere' }))?.code, 904);
    assert.equal((await refused('/token/unassign', { serial: 'NOPE' }))?.code, 601);
  });

  it('revokes for good: no login, no answer, no way back', async () => {
    const given = await givenGateway(undo);
    const { post, login, tokenOf } = callsOf(given);
    const phone = await given.phoneOf('alice');
    const { id, nonce } = await given.challenge('alice', phone);
    assert.equal((await post(`/token/revoke/${phone.serial}`)).body.result.value, 1);
    assert.equal((await phone.answer(nonce)).body.result.value, false);
    assert.equal((await login({ user: 'alice', pass: '', transaction_id: id })).result.error?.code, 1007);
    assert.equal((await post(`/token/enable/${phone.serial}`)).body.result.error?.code, 1007);
    const { revoked, active, locked } = await tokenOf(phone.serial);
    assert.deepEqual([revoked, active, locked], [true, false, true]);
    assert.equal((await post('/token/revoke', { serial: 'NOPE' })).status, 404);
  });
});

describe('Notes on push tokens', () => {
  const undo = cleanup();
  afterEach(() => undo.run());

  it('stores notes of administrators, and deletes them again', async () => {
    const given = await givenGateway(undo);
    const { post, remove, tokenOf } = callsOf(given);
    const { serial } = await given.phoneOf('alice');
    assert.equal((await post(`/token/info/${serial}/department`, { value: 'Sales & Co' })).body.result.value, true);
    assert.equal((await post(`/token/info/${serial}/floor`, { value: '3' })).body.result.value, true);
    assert.equal((await tokenOf(serial)).info.department, 'Sales & Co');
    assert.equal((await remove(`/token/info/${serial}/department`)).body.result.value, true);
    const { info } = await tokenOf(serial);
    assert.deepEqual([info.department, info.floor], [undefined, '3']);
    assert.equal((await post('/token/info/NOPE/floor', { value: '3' })).body.result.error?.code, 601);
    assert.equal((await post(`/token/info/${serial}/floor`)).body.result.error?.message, 'ERR905: Missing parameter: value');
  });

  it('refuses notes under names that the gateway uses', async () => {
    const given = await givenGateway(undo);
    const { post, remove, tokenOf } = callsOf(given);
    const { serial } = await given.phoneOf('alice');
    const before = await tokenOf(serial);
    for (const key of ['public_key_smartphone', 'firebase_token', 'enrollment_credential', 'tokenkind', '__proto__', 'a$b']) {
      assert.equal((await post(`/token/info/${serial}/${key}`, { value: 'x' })).body.result.error?.code, 905, key);
      assert.equal((await remove(`/token/info/${serial}/${key}`)).body.result.error?.code, 905, key);
    }
    assert.deepEqual(await tokenOf(serial), before);
  });

  it('polling_allowed decides where policy leaves that to the token', async () => {
    const policies = [{ name: 'poll', scope: 'authentication', actions: { push_allow_polling: 'token' } }];
    const given = await givenGateway(undo, { policies });
    const { post, remove } = callsOf(given);
    const phone = await given.phoneOf('alice');
    assert.equal((await phone.poll()).status, 200);
    await post(`/token/info/${phone.serial}/polling_allowed`, { value: 'False' });
    assert.equal((await phone.poll()).status, 403);
    await remove(`/token/info/${phone.serial}/polling_allowed`);
    assert.equal((await phone.poll()).status, 200);
  });
});

describe('Challenges seen by administrators', () => {
  const undo = cleanup();
  afterEach(() => undo.run());

  it('lists open challenges without their secrets', async () => {
    // given a login that shows an option to pick
    const policies = [{ name: 'pick', scope: 'authentication', actions: { push_require_presence: true } }];
    const given = await givenGateway(undo, { policies });
    const { challenges, login } = callsOf(given);
    const phone = await given.phoneOf('alice', {});
    const started = await login({ user: 'alice', pass: '1234' });
    // when an administrator looks
    const { challenges: listed, ...page } = await challenges(phone.serial);
    // then all but the secrets is there
    assert.deepEqual(page, { count: 1, current: 1, next: null, prev: null });
    const [{ timestamp, expiration, ...rest }] = listed;
    assert.deepEqual(rest, {
      data: { mode: 'require_presence' },
      otp_received: false,
      otp_valid: false,
      received_count: 0,
      serial: phone.serial,
      transaction_id: started.detail.transaction_id,
    });
    assert.match(timestamp, /^[A-Z][a-z]{2}, \d{2} [A-Z][a-z]{2} \d{4} \d{2}:\d{2}:\d{2} GMT$/);
    assert.equal(Date.parse(expiration) - Date.parse(timestamp), 120_000);
    assert.equal((await challenges('NOPE')).count, 0);
  });

  it('shows an answered transaction by its id until it is finished', async () => {
    const given = await givenGateway(undo);
    const { challenges, login } = callsOf(given);
    const phone = await given.phoneOf('alice');
    const { id: transaction_id, nonce } = await given.challenge('alice', phone);
    await phone.answer(nonce);
    const [answered] = (await challenges('', { transaction_id })).challenges;
    assert.deepEqual([answered.otp_received, answered.otp_valid, answered.received_count], [true, true, 1]);
    await login({ user: 'alice', pass: '', transaction_id });
    assert.equal((await challenges('', { transaction_id })).count, 0);
    assert.equal((await given.client.get('/token/challenges/', {}, given.admin)).body.result.error?.code, 905);
  });

  it('cancels a login, even one that the phone has accepted', async () => {
    const given = await givenGateway(undo);
    const { remove, login } = callsOf(given);
    const phone = await given.phoneOf('alice');
    const { id, nonce } = await given.challenge('alice', phone);
    await phone.answer(nonce);
    const cancelled = await remove(`/token/challenges/transaction/${id}`);
    const again = await remove(`/token/challenges/transaction/${id}`);
    assert.deepEqual(cancelled.body.result.value, { status: true, deleted: 1 });
    assert.deepEqual(again.body.result.value, { status: true, deleted: 0 });
    assert.equal((await login({ user: 'alice', pass: '', transaction_id: id })).result.value, false);
  });

  it('deletes expired challenges, and nothing else', async () => {
    const given = await givenGateway(undo);
    const { remove, challenges } = callsOf(given);
    const phone = await given.phoneOf('alice');
    await given.challenge('alice', phone);
    given.clock.advance(minutes(3));
    const { id } = await given.challenge('alice', phone);
    assert.deepEqual((await remove('/token/challenges/expired')).body.result.value, { status: true, deleted: 1 });
    assert.deepEqual((await remove('/token/challenges/expired')).body.result.value, { status: true, deleted: 0 });
    assert.equal((await challenges(phone.serial)).challenges[0].transaction_id, id);
  });

  it('requires a right for each call', async () => {
    // given administrators who may list tokens only
    const policies = [{ name: 'helpdesk', scope: 'admin', actions: { tokenlist: true } }];
    const given = await givenGateway(undo, { policies });
    const { client, admin } = given;
    const calls: [method: string, path: string, right: string][] = [
      ['POST', '/token/assign', 'assign'],
      ['POST', '/token/unassign', 'unassign'],
      ['POST', '/token/revoke/T1', 'revoke'],
      ['POST', '/token/info/T1/a', 'settokeninfo'],
      ['DELETE', '/token/info/T1/a', 'settokeninfo'],
      ['GET', '/token/challenges/T1', 'getchallenges'],
      ['DELETE', '/token/challenges/transaction/1', 'cancelchallenge'],
      ['DELETE', '/token/challenges/expired', 'cancelchallenge'],
    ];
    for (const [method, path, right] of calls) {
      const denied = await client.send(path, { method, headers: admin });
      const message = `Admin actions are defined, but the action ${right} is not allowed!`;
      assert.deepEqual([denied.status, denied.body.result.error], [403, { code: 303, message }], path);
      assert.equal((await client.send(path, { method })).status, 401, path);
    }
  });
});
