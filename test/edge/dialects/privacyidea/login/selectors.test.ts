import assert from 'node:assert/strict';
import { join } from 'node:path';
import { type PiClient, type PiReply, piClient } from '../../../../kit/pi-client.ts';
import { type PiPhone, piPhone } from '../../../../kit/pi-phone.ts';
import { cleanup, temporaryFolder } from '../../../../kit/temporary.ts';
import { type GivenPeople, givenPeople, rule, writeUsers } from './people-kit.ts';

/**
 * The selectors of requests of either server, call by call. `staff` and `partners` are sources of the realm corp, and
 * each has an alice: STAFF is the push token of the one, PARTNER that of the other; BOB's is bob's, FREE has no owner.
 */
type Row = [call: string, params: Record<string, string>, told: string];

const alice = { user: 'alice' };
const partner = { ...alice, resolver: 'partners' };
const byPin = { pass: '1234' };

/** The values that a call sets, if any. */
const values = { description: 'x', otppin: '1234' };

/** Selectors that contradict each other or match no one. */
const refusedAt = (call: string): Row[] => [
  [`POST /token/${call}`, { ...values, ...alice, serial: 'PARTNER' }, '404/601'],
  [`POST /token/${call}`, { ...values, user: 'bob', serial: 'STAFF' }, '404/601'],
  [`POST /token/${call}`, { ...values, ...alice, resolver: 'nosuch' }, '400/904'],
  [`POST /token/${call}`, { ...values, serial: 'STAFF', realm: 'guests' }, '404/601'],
  [`POST /token/${call}`, { ...values, serial: 'STAFF', resolver: 'partners' }, '404/601'],
  [`POST /token/${call}`, { ...values, realm: 'corp' }, '400/905'],
];

const rows: readonly Row[] = [
  // validate/check: the user's source, the push token, its owner
  ['POST /validate/check', { ...alice, ...byPin }, 'STAFF'],
  ['POST /validate/check', { ...alice, ...byPin, resolver: '' }, 'STAFF'],
  ['POST /validate/check', { ...alice, ...byPin, resolver: 'staff' }, 'STAFF'],
  ['POST /validate/check', { ...partner, ...byPin }, 'PARTNER'],
  ['POST /validate/check', { ...alice, ...byPin, resolver: ' Partners ' }, 'PARTNER'],
  ['POST /validate/check', { ...alice, ...byPin, resolver: 'nosuch' }, '400/904'],
  ['POST /validate/check', { ...alice, ...byPin, realm: 'guests', resolver: 'staff' }, '400/904'],
  ['POST /validate/check', { ...alice, ...byPin, resConf: 'nosuch' }, 'STAFF'],
  ['POST /validate/check', { ...alice, ...byPin, realm: 'nosuch' }, '400/904'],
  ['POST /validate/check', { serial: 'PARTNER', ...byPin }, 'PARTNER'],
  ['POST /validate/check', { serial: 'PARTNER', ...byPin, realm: 'corp' }, 'PARTNER'],
  ['POST /validate/check', { serial: 'PARTNER', ...byPin, realm: 'guests' }, '400/905'],
  ['POST /validate/check', { serial: 'PARTNER', ...byPin, realm: 'nosuch' }, '400/904'],
  ['POST /validate/check', { serial: 'PARTNER', ...byPin, resolver: 'staff' }, '400/905'],
  ['POST /validate/check', { serial: 'PARTNER', ...byPin, ...partner }, 'PARTNER'],
  ['POST /validate/check', { serial: 'STAFF', ...byPin, ...partner }, '400/905'],
  ['POST /validate/check', { serial: 'STAFF', ...byPin, user: 'bob' }, '400/905'],
  ['POST /validate/check', { serial: 'NOSUCH', ...byPin }, '404/601'],
  ['POST /validate/check', { ...alice, ...byPin, type: 'hotp' }, 'STAFF'],
  ['POST /validate/check', { user: 'typed', ...byPin, type: 'PUSH' }, 'TYPED'],
  ['POST /validate/check', { user: 'typed', ...byPin, type: 'hotp' }, 'none'],
  ['POST /validate/samlcheck', { ...partner, ...byPin }, 'PARTNER'],
  // triggerchallenge: a missing or foreign push token triggers nothing
  ['POST /validate/triggerchallenge', alice, 'STAFF'],
  ['POST /validate/triggerchallenge', partner, 'PARTNER'],
  ['POST /validate/triggerchallenge', { ...alice, resolver: 'nosuch' }, '400/904'],
  ['POST /validate/triggerchallenge', { serial: 'PARTNER' }, 'PARTNER'],
  ['POST /validate/triggerchallenge', { serial: 'NOSUCH' }, 'none'],
  ['POST /validate/triggerchallenge', { serial: 'STAFF', user: 'bob' }, 'none'],
  ['POST /validate/triggerchallenge', { serial: 'STAFF', ...partner }, 'none'],
  ['POST /validate/triggerchallenge', { serial: 'STAFF', realm: 'guests' }, 'none'],
  ['POST /validate/triggerchallenge', { ...alice, type: 'hotp' }, 'STAFF'],
  // the status of a transaction: an empty id counts as missing
  ['GET /validate/polltransaction', {}, '400/905'],
  ['GET /validate/polltransaction', { transaction_id: '' }, '400/905'],
  ['GET /validate/polltransaction', { transaction_id: ' ' }, '400/905'],
  ['GET /validate/polltransaction', { transaction_id: '1' }, 'none'],
  // the list
  ['GET /token/', alice, 'STAFF'],
  ['GET /token/', partner, 'PARTNER'],
  ['GET /token/', { resolver: 'partners' }, 'PARTNER TYPED'],
  ['GET /token/', { ...alice, resolver: 'nosuch' }, '400/904'],
  ['GET /token/', { serial: 'BOB', ...alice }, 'none'],
  ['GET /token/', { realm: 'guests' }, 'none'],
  ['GET /token/', { tokenrealm: 'guests' }, 'FREE'],
  ['GET /token/', { type: 'hotp' }, 'none'],
  ['GET /token/', { ...alice, type: 'PUSH' }, 'STAFF'],
  ['GET /token/', { assigned: '0' }, 'FREE'],
  ['GET /token/', { serial: 'BOB', userid: '7' }, '400/905'],
  ['GET /token/', { serial: 'BOB', description: 'x' }, '400/905'],
  ['GET /token/', { serial: 'BOB', type_list: 'hotp,push' }, '400/905'],
  ['GET /token/', { serial: 'BOB', infokey: 'a' }, '400/905'],
  ['GET /token/', { serial: 'BOB', container_serial: 'C1' }, '400/905'],
  ['GET /token/', { serial: 'BOB', container_serial: '', infokey: '', userid: '' }, 'BOB'],
  // calls that change push tokens: serial and user select together
  ...['reset', 'setpin', 'set', 'description'].flatMap((call): Row[] => [
    ...refusedAt(call),
    [`POST /token/${call}`, { ...values, ...partner, serial: 'PARTNER' }, '1'],
    [`POST /token/${call}`, { ...values, serial: 'STAFF', realm: 'corp', resolver: 'staff' }, '1'],
  ]),
  ...['setrandompin', 'enable', 'disable', 'revoke', 'unassign'].flatMap(refusedAt),
  ['DELETE /token/STAFF', { user: 'bob' }, '404/601'],
  ['DELETE /token/STAFF', partner, '404/601'],
  ['DELETE /token/', {}, '400/905'],
  ['DELETE /token/', { realm: 'corp' }, '400/905'],
  ['DELETE /token/', { ...alice, resolver: 'nosuch' }, '400/904'],
  // calls that give push tokens to users
  ['POST /token/assign', { serial: 'FREE', ...alice, resolver: 'nosuch' }, '400/904'],
  ['POST /token/init', { genkey: '1', type: 'push', ...alice, resolver: 'nosuch' }, '400/904'],
  ['POST /token/init', { genkey: '1', type: 'push', container_serial: 'C1' }, '400/905'],
  ['POST /token/init', { genkey: '1', type: 'PUSH' }, 'true'],
  ['POST /token/init', { genkey: '1', type: 'hotp' }, '400/905'],
  ['POST /token/init', { genkey: '1', type: 'push', rollover: '1', serial: 'STAFF', ...partner }, '400/1103'],
  ['POST /auth', { username: 'admin', password: 'x', realm: 'corp' }, '400/905'],
];

/** The same at a mount of eduMFA, where it differs. */
const edumfaRows: readonly Row[] = [
  ['POST /validate/check', { ...alice, ...byPin, realm: 'nosuch' }, '400/904'],
  ['POST /validate/check', { ...partner, ...byPin }, 'PARTNER'],
  ['POST /validate/triggerchallenge', { ...alice, realm: 'nosuch' }, '404/601'],
  ['POST /validate/triggerchallenge', { serial: 'NOSUCH' }, 'none'],
  ['POST /validate/triggerchallenge', { serial: 'STAFF', user: 'bob' }, 'none'],
  ['GET /token/', { serial: 'BOB', container_serial: 'C1' }, 'BOB'],
  ['POST /token/init', { genkey: '1', type: 'push', container_serial: 'C1' }, 'true'],
  ['POST /token/init', { genkey: '1', type: 'EDUPUSH' }, 'true'],
];

describe('The selectors of a request', function () {
  this.timeout(30_000);
  const undo = cleanup();
  after(() => undo.run());
  let given: GivenPeople;
  let mounts: Record<string, PiClient>;
  let phone: PiPhone;

  before(async () => {
    const file = join(temporaryFolder(undo), 'partners.json');
    writeUsers(file, [{ username: 'alice', userid: '99', password: 'mirror' }, { username: 'typed' }]);
    const typed = { name: 'typed', scope: 'authorization', match: { user: ['typed'] }, actions: { application_tokentype: true } };
    given = await givenPeople(
      undo,
      {
        mounts: [
          { path: '/', serves: 'privacyidea', publicPoll: true },
          { path: '/edumfa', serves: 'privacyidea', flavour: 'edumfa' },
        ],
        policies: [typed],
      },
      [{ name: 'partners', kind: 'file', config: { file } }],
    );
    mounts = { '': given.client, '/edumfa': piClient(`${given.client.url}/edumfa`) };
    await given.phoneOf('alice', { serial: 'STAFF' });
    phone = await given.phoneOf('alice', { serial: 'PARTNER', resolver: 'partners' });
    await given.phoneOf('bob', { serial: 'BOB' });
    await given.phoneOf('typed', { serial: 'TYPED' });
    await given.phoneOf('', { serial: 'FREE', tokenrealm: 'guests' });
  });

  /**
   * The serials that were asked, listed or changed; the number of changed ones; or the status and the number
   * of a refusal.
   */
  function toldBy({ status, body }: PiReply): string {
    const { value, error } = body.result;
    if (error) return `${status}/${error.code}`;
    const asked: { serial: string }[] | undefined = body.detail?.multi_challenge ?? value?.tokens;
    if (asked) return asked.map(({ serial }) => serial).join(' ') || 'none';
    return value ? String(value) : typeof value === 'number' ? '0' : 'none';
  }

  async function ask(mount: string, call: string, params: Record<string, string>): Promise<string> {
    const client = mounts[mount] ?? given.client;
    const [method = '', path = ''] = call.split(' ');
    given.clock.advance(1);
    if (method === 'POST') return toldBy(await client.post(path, params, given.admin));
    return toldBy(await client.send(`${path}?${new URLSearchParams(params)}`, { method, headers: given.admin }));
  }

  for (const [mount, table] of [['', rows] as const, ['/edumfa', edumfaRows] as const])
    for (const [call, params, told] of table) {
      const named = Object.entries(params).flatMap(([name, value]) => (name === 'pass' ? [] : [`${name}=${value}`]));
      it(`${call.replace(' ', ` ${mount}`)} ${named.join(' ')}: ${told}`, async () => assert.equal(await ask(mount, call, params), told));
    }

  it('a push token is enrolled for the user of the given source, and for no namesake', async () => {
    const { client, admin, shown, clock } = given;
    const { body } = await client.post('/token/init', { type: 'push', genkey: '1', ...partner, serial: 'NEW' }, admin);
    const rolled = piPhone(client, { serial: 'NEW', credential: body.detail.enrollment_credential, clock });
    assert.equal((await rolled.rollout()).status, 200);
    const [token] = await shown({ serial: 'NEW' });
    assert.deepEqual([token?.username, token?.user_id, token?.resolver], ['alice', '99', 'partners']);
    // when all push tokens of that user are deleted
    const deleted = await client.send('/token/?user=alice&resolver=partners&serial=NEW', { method: 'DELETE', headers: admin });
    assert.equal(deleted.body.result.value, 1);
    assert.equal(await ask('', 'GET /token/', alice), 'STAFF');
  });

  it('a push token is assigned to the user of the given source', async () => {
    const { client, admin, shown } = given;
    assert.equal((await client.post('/token/assign', { serial: 'FREE', ...partner }, admin)).body.result.value, true);
    assert.equal((await shown({ serial: 'FREE' }))[0]?.resolver, 'partners');
    assert.equal((await client.post('/token/unassign', { serial: 'FREE', ...alice }, admin)).status, 404);
    assert.equal((await client.post('/token/unassign', { serial: 'FREE', ...partner }, admin)).body.result.value, 1);
  });

  it('a login is finished by the user who began it, and by no namesake', async () => {
    // given a login of the alice among the partners, which her phone has accepted
    const { client, clock } = given;
    clock.advance(1);
    const { transaction_id } = (await client.post('/validate/check', { ...partner, ...byPin })).body.detail;
    const waiting = (await phone.poll()).body.result.value;
    assert.equal((await phone.answer(waiting.at(-1).nonce)).body.result.value, true);
    const finish = async (params: Record<string, string>) =>
      (await client.post('/validate/check', { ...params, pass: '', transaction_id })).body.detail.message;
    // when a client finishes it for the other alice
    for (const other of [alice, { ...alice, resolver: 'staff' }]) assert.equal(await finish(other), 'wrong otp pin', JSON.stringify(other));
    // then it is still there for her
    assert.equal(await finish(partner), 'Found matching challenge');
  });
});

describe('A source in a request', () => {
  const undo = cleanup();
  afterEach(() => undo.run());

  it('checks the password, with a push token and without', async () => {
    // given the alice of either source, one with a push token
    const file = join(temporaryFolder(undo), 'partners.json');
    writeUsers(file, [{ username: 'alice', password: 'mirror' }]);
    const policies = [rule('by password', { otppin: 'userstore', passthru: 'userstore' })];
    const { client, phoneOf } = await givenPeople(undo, { policies }, [{ name: 'partners', kind: 'file', config: { file } }]);
    await phoneOf('alice', { resolver: 'partners' });
    const check = async (pass: string, more: Record<string, string> = {}) =>
      (await client.post('/validate/check', { ...alice, pass, ...more })).body.result.authentication;
    assert.deepEqual(
      [await check('wonderland'), await check('mirror'), await check('mirror', { resolver: 'partners' })],
      ['ACCEPT', 'REJECT', 'CHALLENGE'],
    );
    assert.equal(await check('wonderland', { resolver: 'partners' }), 'REJECT');
  });

  it('separates the tokens of namesakes when all of a user are deleted, and none are deleted without it', async () => {
    // given the alice of either source, each with a push token
    const folder = temporaryFolder(undo);
    const file = join(folder, 'partners.json');
    writeUsers(file, [{ username: 'alice' }]);
    const { client, admin, phoneOf, shown, write } = await givenPeople(undo, {}, [{ name: 'partners', kind: 'file', config: { file } }]);
    await phoneOf('alice', { serial: 'STAFF' });
    await phoneOf('alice', { serial: 'PARTNER', resolver: 'partners' });
    await phoneOf('alice', { serial: 'STAFF2' });
    const remove = async (query: string) => (await client.send(`/token/?${query}`, { method: 'DELETE', headers: admin })).body.result;
    // when both have left
    write([{ username: 'bob' }]);
    writeUsers(file, [{ username: 'bob' }]);
    while ((await client.post('/validate/check', { ...alice, pass: '1' })).status === 200);
    // then the name alone says too little
    assert.equal((await remove('user=alice')).error?.code, 905);
    assert.equal((await shown({})).length, 3);
    assert.equal((await remove('user=alice&resolver=staff')).value, 2);
    assert.deepEqual(
      (await shown({})).map(({ serial }) => serial),
      ['PARTNER'],
    );
    assert.equal((await remove('user=alice')).value, 1);
    assert.equal((await remove('user=alice')).value, 0);
  });
});
