import assert from 'node:assert/strict';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import bcrypt from 'bcryptjs';
import { unlimited } from '../../../../kit/gateway.ts';
import { givenLinotpGateway, type LinotpGateway } from '../../../../kit/linotp-gateway.ts';
import { directory, givenSlapd, haveSlapd, people, type Slapd } from '../../../../kit/slapd.ts';
import { type Cleanup, cleanup, temporaryFolder } from '../../../../kit/temporary.ts';

type Form = Record<string, string>;

/** The rules that admit users who are unknown or have no push token. */
const letIn = { name: 'open', actions: { passOnNoUser: true, passOnNoToken: true, passthru: 'userstore' } };

/** Every login by PIN; `password` is that of the directory. */
const waysIn = (serial: string): [path: string, form: Form][] => [
  ['/validate/check', { user: 'alice', pass: '1234', data: 'x' }],
  ['/validate/check', { user: 'alice', pass: people.alice, data: 'x' }],
  ['/validate/check', { serial, pass: '1234', data: 'x' }],
  ['/validate/check', { user: 'alice', serial, pass: '1234', data: 'x' }],
  ['/validate/check_s', { serial, pass: '1234', data: 'x' }],
  ['/validate/simplecheck', { user: 'alice', pass: '1234', data: 'x' }],
];

/** A gateway whose realm has this source of users, with the phone of alice. */
async function given(undo: Cleanup, source: { kind: string; config: object }, environment = {}) {
  const more = {
    realms: [{ name: 'corp', default: true, users: ['staff'] }],
    userSources: [{ name: 'staff', ...source }],
  };
  const gateway = await givenLinotpGateway(undo, { policies: [letIn, unlimited], more, environment });
  return { ...gateway, phone: await gateway.active('alice', { serial: 'KIPT1' }) };
}

/** Asserts that there is neither an accept nor a challenge nor a push. */
async function opensNothing({ post, postAsAdmin, rules, pushed, logged }: LinotpGateway, serial: string): Promise<void> {
  const before = pushed.length;
  const told = logged.filter(({ reason }) => reason === 'barred-user').length;
  const ways = waysIn(serial);
  for (const [path, form] of ways) {
    const { text, json } = await post(path, form);
    assert.deepEqual([json.result?.value ?? text, json.detail], [path.endsWith('simplecheck') ? ':-(' : false, undefined], path);
  }
  await rules(letIn, unlimited, { name: 'pin', actions: { otppin: 'userstore' } });
  const byPassword = await post('/validate/check', { user: 'alice', pass: people.alice, data: 'x' });
  await rules(letIn, unlimited);
  assert.deepEqual([byPassword.json.result.value, byPassword.json.detail], [false, undefined]);
  const init = await postAsAdmin('/admin/init', { type: 'push', user: 'alice' });
  assert.deepEqual(init.json.result.error, { code: -311, message: 'getUserId failed: no user found' });
  assert.equal(pushed.length, before);
  assert.equal(logged.filter(({ reason }) => reason === 'barred-user').length - told, ways.length + 1);
}

async function opens({ post, pushed }: LinotpGateway): Promise<void> {
  const before = pushed.length;
  assert.ok((await post('/validate/check', { user: 'alice', pass: '1234', data: 'x' })).json.detail);
  assert.equal(pushed.length, before + 1);
}

describe('No login at a LinOTP mount succeeds for an account', () => {
  const undo = cleanup();
  afterEach(() => undo.run());

  for (const [what, state] of [
    ['disabled', { disabled: true }],
    ['expired', { expires: '2001-01-01' }],
  ] as const)
    it(`that is ${what} by a file of users; an administrator can disable its push token`, async () => {
      // given alice with a phone
      const file = join(temporaryFolder(undo), 'staff.json');
      const alice = { username: 'alice', password: bcrypt.hashSync(people.alice, 4) };
      const write = (user: object): void => writeFileSync(file, JSON.stringify([user]));
      write(alice);
      const gateway = await given(undo, { kind: 'file', config: { file } });
      await opens(gateway);
      // when her account is barred
      write({ ...alice, ...state });
      while ((await gateway.post('/validate/check', { user: 'alice', pass: '1234', data: 'x' })).json.detail);
      // then she is unknown at every call, and her push token can be disabled
      await opensNothing(gateway, gateway.phone.serial);
      assert.equal((await gateway.postAsAdmin('/admin/disable', { serial: gateway.phone.serial })).json.result.value, 1);
    });
});

describe('No login at a LinOTP mount succeeds for an account of a directory', () => {
  const undo = cleanup();
  let slapd: Slapd;
  let gateway: Awaited<ReturnType<typeof given>>;
  before(async function () {
    this.timeout(300_000);
    if (!haveSlapd()) this.skip();
    slapd = await givenSlapd(undo);
    const config = { urls: slapd.ldap, ...directory, bindPassword: { $env: 'BIND' }, cacheMs: 0, attributes: { userid: 'uid' } };
    gateway = await given(undo, { kind: 'ldap', config }, { BIND: people.svc });
  });
  after(() => undo.run());

  /** The state of an account, and the attribute for it; each row is one case. */
  const rows: [server: string, what: string, attribute: string, value: string][] = [
    ['Active Directory', 'disabled', 'userAccountControl', '514'],
    ['Active Directory', 'expired', 'accountExpires', '133000000000000000'],
    ['Active Directory', 'locked', 'msDS-User-Account-Control-Computed', '16'],
    ['FreeIPA', 'disabled', 'nsAccountLock', 'TRUE'],
    ['FreeIPA', 'expired', 'krbPrincipalExpiration', '20200131180000Z'],
    ['OpenLDAP', 'locked', 'pwdAccountLockedTime', '000001010000Z'],
    ['OpenLDAP', 'expired', 'pwdEndTime', '20200131180000Z'],
    ['eDirectory', 'disabled', 'loginDisabled', 'TRUE'],
    ['eDirectory', 'expired', 'loginExpirationTime', '20200131180000Z'],
    ['eDirectory', 'locked', 'lockedByIntruder', 'TRUE'],
    ['a server of POSIX accounts', 'expired', 'shadowExpire', '18000'],
  ];
  for (const [server, what, attribute, value] of rows)
    it(`that is ${what} by ${server}`, async () => {
      await opens(gateway);
      await slapd.set('uid=alice,ou=people', attribute, value);
      await opensNothing(gateway, gateway.phone.serial);
      await slapd.set('uid=alice,ou=people', attribute);
    });
});
