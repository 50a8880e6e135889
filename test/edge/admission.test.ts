import assert from 'node:assert/strict';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import bcrypt from 'bcryptjs';
import { checkConfig } from '../../src/config/index.ts';
import { type ActionName, actions, isActionName } from '../../src/policy/actions/index.ts';
import { reach } from '../../src/policy/reach.ts';
import { minutes } from '../kit/clock.ts';
import { configText, type GatewayWishes, type GivenGateway, givenGateway } from '../kit/gateway.ts';
import type { PiPhone } from '../kit/pi-phone.ts';
import { cleanup, temporaryFolder } from '../kit/temporary.ts';

/** A mount of the one gateway on which all rules are tried. */
const mounts = ['privacyidea', 'edumfa', 'linotp', 'challenge-service', 'rest'] as const;
type Mount = (typeof mounts)[number];
/** Those that name a user, and among them those that check a PIN. */
const named = ['privacyidea', 'edumfa', 'linotp', 'rest'] as const satisfies Mount[];
const ofUsers = ['privacyidea', 'edumfa', 'linotp'] as const satisfies Mount[];

/** Users of a file, one for each mount with a push token, and one without. */
const people = [...mounts, 'carol'].map((username) => ({ username, password: bcrypt.hashSync('builder', 4) }));

type World = GivenGateway & {
  phones: Record<(typeof named)[number], PiPhone>;
  rules(...policies: NonNullable<GatewayWishes['policies']>): Promise<void>;
  post(path: string, form: Record<string, string>, headers?: Record<string, string>): Promise<{ status: number; text: string }>;
  rest(path: string, body: object, headers?: Record<string, string>): Promise<{ status: number; text: string }>;
};

const prefix: Record<Mount, string> = { privacyidea: '', edumfa: '/edumfa', linotp: '/linotp', 'challenge-service': '/cs', rest: '/rest' };
const callback = 'https://push.example.test/validate/pair';
const enrolment = {
  name: 'callbacks',
  actions: { pushtoken_pairing_callback_url: callback, pushtoken_challenge_callback_url: callback },
};

/**
 * Starts a login of the mount's user: whether it was admitted. A relayed push has no user; its device is unknown here,
 * which comes after admission.
 */
const admits = async (world: World, mount: Mount, form: Record<string, string> = {}): Promise<boolean> => {
  world.clock.advance(1);
  if (mount === 'challenge-service') {
    const challenge = { transactionId: '4123456789012', gda: 'nobody', challenge: 'lseqr://push/AgAAAA' };
    const reply = await fetch(`${world.client.url}/cs/v1/challenge`, { method: 'POST', body: JSON.stringify({ challenge }) });
    return reply.status !== 403;
  }
  if (mount === 'rest') {
    const headers: Record<string, string> = form.client === undefined ? {} : { 'x-forwarded-for': form.client };
    return (await world.rest('/v1/challenges', { user: mount, mode: 'confirm' }, headers)).status === 201;
  }
  const { text } = await world.post(`${prefix[mount]}/validate/check`, { user: mount, pass: '1234', data: 'Log in?', ...form });
  return /transaction_?id/.test(text);
};

/** Makes one more push token for the mount's user: whether it was admitted. */
const makes = async (world: World, mount: UserMount): Promise<boolean> => {
  if (mount === 'rest') {
    const { status, text } = await world.rest('/v1/tokens', { user: mount }, world.admin);
    assert.ok([201, 409].includes(status), text);
    return status === 201;
  }
  const form: Record<string, string> = { type: 'push', user: mount, pin: '1234' };
  const path = mount === 'linotp' ? '/linotp/admin/init' : `${prefix[mount]}/token/init`;
  const { text } = await world.post(path, mount === 'linotp' ? form : { ...form, genkey: '1' }, world.admin);
  const reply = JSON.parse(text);
  assert.ok(reply.result.status === true || [303, 410].includes(reply.result.error.code), text);
  return reply.result.status === true;
};

type UserMount = (typeof named)[number];
/** The logins that a rule refuses, and what happens before; `tried`: the parameters of the client. */
type Row = { value: unknown; first?: (world: World, mount: UserMount) => Promise<unknown>; tried?: Record<string, string> };

/** Begins a login without a text for the phone. Returns the id of its transaction. */
const begun = async (world: World, mount: UserMount): Promise<string> => {
  world.clock.advance(1);
  if (mount === 'rest') return JSON.parse((await world.rest('/v1/challenges', { user: mount, mode: 'confirm' })).text).id;
  const { text } = await world.post(`${prefix[mount]}/validate/check`, { user: mount, pass: '1234' });
  return /"transaction_?id": ?"(\d+)"/.exec(text)?.[1] ?? '';
};

/** A REST login has no PIN: there, the user failed at another mount. */
const wrongPin = (world: World, mount: UserMount): Promise<unknown> =>
  world.post(`${mount === 'rest' ? '' : prefix[mount]}/validate/check`, { user: mount, pass: 'wrong', data: 'Log in?' });
/** A login from its start to its end; LinOTP's ends when its client learns the answer. */
const wholeLogin = async (world: World, mount: UserMount): Promise<void> => {
  const phone = world.phones[mount];
  const check = (call: string, form: Record<string, string>) => world.post(`${prefix[mount]}/validate/${call}`, { user: mount, ...form });
  if (mount === 'rest') {
    const id = await begun(world, mount);
    await phone.answer((await phone.poll()).body.result.value.at(-1).nonce);
    assert.equal((await world.rest(`/v1/challenges/${id}/consume`, {})).status, 200);
    return;
  }
  world.clock.advance(1);
  const [, id = ''] = /"transaction_?id": ?"(\d+)"/.exec((await check('check', { pass: '1234', data: 'Log in?' })).text) ?? [];
  await phone.answer((await phone.poll()).body.result.value.at(-1).nonce);
  const told =
    mount === 'linotp'
      ? await check('check_status', { pass: '1234', transactionid: id })
      : await check('check', { pass: '', transaction_id: id });
  assert.match(told.text, /"valid_tan": true|"value": ?true/, told.text);
};

/** Admits the users of the source `staff`. */
const staffOnly = [
  { name: 'staff', match: { resolver: ['staff'] }, actions: { authorized: 'grant_access' } },
  { name: 'nobody else', match: { user: ['*'] }, actions: { authorized: 'deny_access' } },
];

const loginRules: Partial<Record<ActionName, Row>> = {
  authorized: { value: 'deny_access' },
  api_key_required: { value: true },
  tokentype: { value: 'hotp' },
  serial: { value: '^NOPE' },
  disabled_token_types: { value: 'push' },
  last_auth: { value: '1h', first: async ({ clock }) => clock.advance(minutes(61)) },
  auth_max_fail: { value: '1/10m', first: wrongPin },
  auth_max_success: { value: '1/10m', first: wholeLogin },
  application_tokentype: { value: true, tried: { type: 'hotp' } },
};
const letsIn: Partial<Record<ActionName, unknown>> = { passOnNoToken: true, passOnNoUser: true, passthru: 'userstore' };
const tokenRules: Partial<Record<ActionName, number>> = {
  max_token_per_user: 1,
  push_max_token_per_user: 1,
  push_max_active_token_per_user: 1,
};

/** What administrators operate through the REST interface. */
const restOperate = [
  'GET /rest/v1/providers',
  'POST /rest/v1/providers/poll/check',
  'POST /rest/v1/policy/explain',
  'GET /rest/v1/limits?serial=SERIAL',
  'DELETE /rest/v1/limits/SERIAL',
  'GET /rest/v1/tokens/SERIAL/addresses',
  'POST /rest/v1/tokens/SERIAL/addresses',
  'DELETE /rest/v1/tokens/SERIAL/addresses/0123456789ab',
];

/** The calls that require each permission of administrators. */
const permissions: Partial<Record<ActionName, readonly string[]>> = {
  operate: ['GET /ops/providers', 'DELETE /cs/v1/devices/some', 'GET /linotp/system/getProvider?type=push', ...restOperate],
  auditlog: ['GET /audit/', 'GET /ops/audit', 'GET /rest/v1/audit'],
  audit_erase: ['POST /ops/audit/erase', 'POST /rest/v1/audit/erase'],
  triggerchallenge: ['POST /validate/triggerchallenge', 'POST /edumfa/validate/triggerchallenge'],
  enrollPUSH: [
    'POST /token/init',
    'POST /edumfa/token/init',
    'POST /linotp/admin/init',
    'POST /rest/v1/tokens',
    'POST /rest/v1/tokens/SERIAL/renew',
  ],
  enrollEDUPUSH: ['POST /edumfa/token/init?type=edupush'],
  tokenlist: ['GET /token/', 'GET /linotp/admin/show', 'GET /rest/v1/tokens', 'GET /rest/v1/tokens/SERIAL'],
  enable: ['POST /token/enable', 'POST /linotp/admin/enable', 'POST /rest/v1/tokens/SERIAL/enable'],
  disable: ['POST /token/disable', 'POST /linotp/admin/disable', 'POST /rest/v1/tokens/SERIAL/disable'],
  delete: ['DELETE /token/SERIAL', 'POST /linotp/admin/remove', 'DELETE /rest/v1/tokens/SERIAL'],
  reset: ['POST /token/reset', 'POST /linotp/admin/reset', 'POST /rest/v1/tokens/SERIAL/reset'],
  setpin: ['POST /token/setpin', 'POST /linotp/admin/set', 'PUT /rest/v1/tokens/SERIAL/pin'],
  set: ['POST /token/set'],
  setdescription: ['POST /token/description'],
  setrandompin: ['POST /token/setrandompin'],
  tokenrealms: ['POST /token/realm/SERIAL'],
  assign: ['POST /token/assign'],
  unassign: ['POST /token/unassign'],
  revoke: ['POST /token/revoke'],
  settokeninfo: ['POST /token/info/SERIAL/key'],
  getchallenges: ['GET /token/challenges/SERIAL', 'GET /linotp/admin/checkstatus?serial=SERIAL'],
  cancelchallenge: ['DELETE /token/challenges/expired'],
};

const reaches = (action: string, mount: Mount): boolean =>
  isActionName(action) && reach[action].some((door) => door === (mount === 'edumfa' ? 'privacyidea' : mount));

describe('Admission', () => {
  const undo = cleanup();
  afterEach(() => undo.run());

  const givenWorld = async ({ settings = {}, more = {} }: Pick<GatewayWishes, 'settings' | 'more'> = {}): Promise<World> => {
    const file = join(temporaryFolder(undo), 'staff.json');
    writeFileSync(file, JSON.stringify(people));
    const wishes: GatewayWishes = {
      mounts: [
        { path: '/', serves: 'privacyidea', publicPoll: true },
        { path: '/edumfa', serves: 'privacyidea', flavour: 'edumfa' },
        { path: '/linotp', serves: 'linotp' },
        { path: '/cs', serves: 'challenge-service' },
        { path: '/rest', serves: 'rest' },
        { path: '/', serves: 'ops' },
      ],
      settings: { PushChallengeValidityTime: 600, adminTokenLifeMs: minutes(1440), ...settings },
      policies: [enrolment],
      more: {
        realms: [{ name: 'corp', default: true, users: ['staff'] }, { name: 'guests' }],
        userSources: [{ name: 'staff', kind: 'file', config: { file } }],
        ...more,
      },
    };
    const given = await givenGateway(undo, wishes);
    const [privacyidea, edumfa] = [await given.phoneOf('privacyidea'), await given.phoneOf('edumfa')];
    const [linotp, rest] = [await given.phoneOf('linotp'), await given.phoneOf('rest')];
    const send = async (path: string, request: RequestInit) => {
      const reply = await fetch(`${given.client.url}${path}`, { method: 'POST', ...request });
      return { status: reply.status, text: await reply.text() };
    };
    return {
      ...given,
      phones: { privacyidea, edumfa, linotp, rest },
      async rules(...policies) {
        const text = configText({ ...wishes, policies: [...policies, enrolment] });
        const checked = await checkConfig(text, join(given.folder, 'config.json'), {});
        assert.equal(await given.gateway.reload(checked), 'reloaded', JSON.stringify(checked.ok ? '' : checked.error));
      },
      post: (path, form, headers = {}) => send(path, { body: new URLSearchParams(form), headers }),
      rest: (path, body, headers = {}) =>
        send(`/rest${path}`, { body: JSON.stringify(body), headers: { ...headers, 'content-type': 'application/json' } }),
    };
  };

  it('admits every user where no rule refuses', async () => {
    const world = await givenWorld();
    for (const mount of mounts) assert.equal(await admits(world, mount), true, mount);
    for (const mount of named) assert.equal(await makes(world, mount), true, mount);
  });

  for (const [action, { value, first, tried = {} }] of Object.entries(loginRules)) {
    it(`refuses a login by ${action} at every mount that knows the facts of the rule`, async () => {
      // given a rule, and what makes it refuse
      const world = await givenWorld();
      await world.rules({ name: 'rule', actions: { [action]: value } });
      for (const mount of named) await first?.(world, mount);
      // when a login is tried at each mount, then it is refused, except where the action does not apply
      const admitted = await Promise.all(mounts.map(async (mount) => [mount, await admits(world, mount, tried)] as const));
      assert.deepEqual(
        admitted,
        mounts.map((mount) => [mount, !reaches(action, mount)]),
      );
    });
  }

  it('gives the same refusal at the LinOTP mount, whichever rule refused', async () => {
    const world = await givenWorld();
    const told = new Set<string>();
    for (const [action, { value, first }] of Object.entries(loginRules).filter(([name]) => reaches(name, 'linotp'))) {
      await world.rules({ name: action, actions: { [action]: value } });
      await first?.(world, 'linotp');
      const { status, text } = await world.post('/linotp/validate/check', { user: 'linotp', pass: '1234', data: 'Log in?' });
      told.add(`${status} ${JSON.stringify(JSON.parse(text))}`);
    }
    const version = '"version":"LinOTP 4.0.0","versionNumber":"4.0.0"';
    assert.deepEqual([...told], [`200 {"jsonrpc":"2.0802","result":{"status":true,"value":false},${version},"id":0}`]);
  });

  for (const [action, value] of Object.entries(letsIn)) {
    it(`admits a user by ${action} at every mount that names one`, async () => {
      const world = await givenWorld();
      await world.rules({ name: 'rule', actions: { [action]: value } });
      for (const mount of ofUsers) {
        const user = action === 'passOnNoUser' ? 'nobody' : 'carol';
        const { text } = await world.post(`${prefix[mount]}/validate/check`, { user, pass: 'builder' });
        assert.equal(JSON.parse(text).result.value, true, `${action} at ${mount}: ${text}`);
      }
    });
  }

  it('admits no user without a token by a foreign serial or by a source that does not know the user', async () => {
    const world = await givenWorld();
    await world.rules({ name: 'rule', actions: { passOnNoToken: true, passOnNoUser: true, passthru: 'userstore' } });
    for (const mount of ofUsers) {
      const named = [
        { user: mount, serial: 'NOPE' },
        { user: mount, serial: world.phones[mount === 'linotp' ? 'edumfa' : 'linotp'].serial },
        { user: 'nobody', resolver: 'staff', resConf: 'staff' },
      ];
      for (const form of named) {
        const { text } = await world.post(`${prefix[mount]}/validate/check`, { ...form, pass: 'builder' });
        assert.notEqual(JSON.parse(text).result.value, true, `${mount} ${JSON.stringify(form)}: ${text}`);
      }
    }
  });

  it('admits no denied user without a token', async () => {
    const world = await givenWorld();
    await world.rules({ name: 'rule', actions: { passOnNoToken: true, authorized: 'deny_access' } });
    for (const mount of ofUsers) {
      const { text } = await world.post(`${prefix[mount]}/validate/check`, { user: 'carol', pass: 'builder' });
      assert.notEqual(JSON.parse(text).result.value, true, `${mount}: ${text}`);
    }
  });

  for (const action of ['authorized', 'tokentype', 'api_key_required'] as const) {
    it(`checks both legs of a login: ${action} since the first one`, async () => {
      const world = await givenWorld();
      const simple = { name: 'simple', match: { dialect: ['linotp'] }, actions: { push_without_data: true } };
      await world.rules(simple);
      for (const mount of named) {
        // given a login that its phone has accepted
        const id = await begun(world, mount);
        const phone = world.phones[mount];
        await phone.answer((await phone.poll()).body.result.value.at(-1).nonce);
        const finish = async (): Promise<unknown> => {
          if (mount === 'rest') return (await world.rest(`/v1/challenges/${id}/consume`, {})).status === 200;
          const form = { user: mount, pass: '', [mount === 'linotp' ? 'transactionid' : 'transaction_id']: id };
          return JSON.parse((await world.post(`${prefix[mount]}/validate/check`, form)).text).result.value;
        };
        // when a new rule refuses it, then it cannot be finished; without that rule it can
        await world.rules(simple, { name: 'rule', actions: { [action]: loginRules[action]?.value } });
        assert.notEqual(await finish(), true, mount);
        await world.rules(simple);
        assert.equal(await finish(), true, mount);
      }
    });
  }

  it('shows a polling LinOTP client no login whose user, push token or caller is no longer admitted', async () => {
    const world = await givenWorld();
    const { linotp: phone } = world.phones;
    const ask = { user: 'linotp', pass: '1234' };
    const { detail } = JSON.parse((await world.post('/linotp/validate/check', { ...ask, data: 'Log in?' })).text);
    const told = async (): Promise<boolean> => {
      const { text } = await world.post('/linotp/validate/check_status', { ...ask, transactionid: detail.transactionid });
      return JSON.parse(text).result.value;
    };
    // given a login that waits for its phone, then a denied user gets no status
    await world.rules({ name: 'rule', actions: { authorized: 'deny_access' } });
    assert.equal(await told(), false);
    // given that the phone has accepted, when new rules refuse it, then there is no status; without them there is
    await phone.answer((await phone.poll()).body.result.value.at(-1).nonce);
    for (const action of ['authorized', 'tokentype', 'api_key_required', 'serial'] as const) {
      await world.rules({ name: 'rule', actions: { [action]: loginRules[action]?.value } });
      assert.equal(await told(), false, action);
    }
    await world.rules();
    assert.equal(await told(), true);
    await world.post('/linotp/admin/disable', { serial: phone.serial }, world.admin);
    assert.equal(await told(), false, 'a token that was disabled');
  });

  it('knows the attributes of the user at both legs of a login', async () => {
    const world = await givenWorld();
    const simple = { name: 'simple', match: { dialect: ['linotp'] }, actions: { push_without_data: true } };
    await world.rules(simple, ...staffOnly);
    for (const mount of ofUsers) {
      world.clock.advance(1);
      const { text } = await world.post(`${prefix[mount]}/validate/check`, { user: mount, pass: '1234' });
      const [, id = ''] = /"transaction_?id": ?"(\d+)"/.exec(text) ?? [];
      const phone = world.phones[mount];
      await phone.answer((await phone.poll()).body.result.value.at(-1).nonce);
      const shown = { user: mount, [mount === 'linotp' ? 'transactionid' : 'transaction_id']: id };
      const calls = mount === 'linotp' ? ['check_status', 'check'] : ['check'];
      for (const call of calls) {
        const told = await world.post(`${prefix[mount]}/validate/${call}`, { ...shown, pass: call === 'check' ? '' : '1234' });
        assert.equal(JSON.parse(told.text).result.value, true, `${mount} ${call}: ${told.text}`);
      }
    }
  });

  it('admits and counts a login whose enrolment is skipped', async () => {
    const world = await givenWorld();
    const actions = { passOnNoToken: true, enroll_via_multichallenge: 'PUSH', enroll_via_multichallenge_optional: true };
    const enrol = { name: 'in login', match: { dialect: ['privacyidea'] }, actions };
    for (const mount of ['privacyidea', 'edumfa'] as const) {
      await world.rules(enrol);
      world.clock.advance(minutes(11));
      const check = async (form: Record<string, string>) => JSON.parse((await world.post(`${prefix[mount]}/validate/check`, form)).text);
      const start = async (): Promise<string> => (await check({ user: 'carol', pass: '' })).detail.transaction_id;
      const skip = async (id: string): Promise<unknown> =>
        (await check({ transaction_id: id, pass: '', cancel_enrollment: 'true' })).result.value;
      // given a user who is denied meanwhile, then the enrolment can be skipped only without that rule
      const id = await start();
      await world.rules(enrol, { name: 'rule', actions: { authorized: 'deny_access' } });
      assert.notEqual(await skip(id), true, mount);
      // and it can be skipped where a rule requires a source
      await world.rules(enrol, ...staffOnly);
      assert.equal(await skip(id), true, mount);
      const next = await start();
      // and where it is the one login that may be, the next is refused
      await world.rules(enrol, { name: 'rule', actions: { auth_max_success: '1/10m' } });
      assert.equal(await skip(next), true, mount);
      assert.equal((await check({ user: 'carol', pass: '' })).detail.message, 'Only 1 successful authentications per 0:10:00');
    }
  });

  it('admits by the last login of a push token, at every mount', async () => {
    const world = await givenWorld();
    for (const mount of ofUsers) {
      await world.post('/token/set', { serial: world.phones[mount].serial, count_auth_success_max: '1' }, world.admin);
      await wholeLogin(world, mount);
      assert.equal(await admits(world, mount), false, `${mount}: and by none after it`);
    }
  });

  it('counts the logins of LinOTP clients that cannot poll, too', async () => {
    const world = await givenWorld();
    await world.rules({ name: 'rule', match: { dialect: ['linotp'] }, actions: { push_without_data: true, auth_max_success: '1/10m' } });
    const check = async (form: object) =>
      JSON.parse((await world.post('/linotp/validate/check', { user: 'linotp', pass: '1234', ...form })).text);
    const { detail } = await check({});
    await world.phones.linotp.answer((await world.phones.linotp.poll()).body.result.value.at(-1).nonce);
    assert.equal((await check({ transactionid: detail.transactionid })).result.value, true);
    assert.equal((await check({})).detail, undefined);
  });

  it('reports no more accepted logins to a LinOTP client than the limit, however often it polls', async () => {
    const world = await givenWorld();
    await world.rules({ name: 'rule', actions: { auth_max_success: '1/10m' } });
    // given two logins that the phone accepted before either was reported
    const { linotp: phone } = world.phones;
    const start = async (): Promise<string> => {
      world.clock.advance(1);
      const { text } = await world.post('/linotp/validate/check', { user: 'linotp', pass: '1234', data: 'Log in?' });
      await phone.answer((await phone.poll()).body.result.value.at(-1).nonce);
      return JSON.parse(text).detail.transactionid;
    };
    const [one, two] = [await start(), await start()];
    // when the client asks for both, again and again
    const told = async (transactionid: string): Promise<boolean> =>
      JSON.parse((await world.post('/linotp/validate/check_status', { user: 'linotp', pass: '1234', transactionid })).text).result.value;
    // then one is reported at every poll, and the other one never
    assert.deepEqual([await told(one), await told(two), await told(one), await told(two)], [true, false, true, false]);
  });

  it('treats no user with a token of another type as one without a token', async () => {
    const world = await givenWorld();
    await world.rules({ name: 'rule', actions: { passOnNoToken: true, application_tokentype: true } });
    for (const mount of ofUsers) {
      const form = { user: mount, pass: 'builder', type: 'hotp', token_type: 'hotp' };
      const { text } = await world.post(`${prefix[mount]}/validate/check`, form);
      assert.equal(JSON.parse(text).result.value, false, `${mount}: ${text}`);
    }
  });

  for (const [action, most] of Object.entries(tokenRules)) {
    it(`refuses one token more by ${action} at every mount that creates tokens`, async () => {
      const world = await givenWorld();
      await world.rules({ name: 'rule', actions: { [action]: most } });
      for (const mount of named) {
        assert.equal(await makes(world, mount), false, `${action} at ${mount}`);
        const { body } = await world.client.get('/token/', { user: mount }, world.admin);
        assert.equal(body.result.value.count, 1, 'nothing was made');
      }
    });
  }

  it('refuses calls of administrators without a permission, at every mount that has the call', async () => {
    const world = await givenWorld();
    const { serial } = world.phones.privacyidea;
    const usual = { type: 'push', genkey: '1', user: 'privacyidea', serial, pin: '9', value: 'x' };
    for (const [right, calls] of Object.entries(permissions)) {
      await world.rules({ name: 'others', match: { user: ['somebody'] }, actions: { [right]: true } });
      for (const call of calls) {
        const [method = '', path = ''] = call.replace('SERIAL', serial).split(' ');
        const { pathname, search, searchParams } = new URL(path, world.client.url);
        const form = { ...usual, ...Object.fromEntries(searchParams) };
        const reply =
          method === 'POST'
            ? await world.post(pathname, form, world.admin)
            : await fetch(`${world.client.url}${pathname}${search}`, { method, headers: world.admin }).then(async (each) => ({
                status: each.status,
                text: await each.text(),
              }));
        assert.match(`${reply.status} ${reply.text}`, /^403 |"code": ?(303|410)\b/, `${right}: ${call}`);
      }
    }
  });

  it('refuses a caller every user of a foreign realm, however the realm is named, without showing which users exist', async () => {
    // given an auth server that may ask for guests only
    const everyMount = ['/', '/edumfa', '/linotp', '/cs', '/rest'];
    const authServers = [{ name: 'hall', networks: ['127.0.0.0/8'], mounts: everyMount, realms: ['guests'], accounts: ['admin'] }];
    const world = await givenWorld({ more: { authServers } });
    const names = (user: string): Record<string, string>[] => [
      { user },
      { user: `${user}@corp` },
      { user, realm: 'CORP' },
      { user: `corp\\${user}` },
    ];
    const replyOf = async (mount: UserMount, form: Record<string, string>): Promise<string> => {
      if (mount === 'rest') return (await world.rest('/v1/challenges', form)).text;
      const { status, text } = await world.post(`${prefix[mount]}/validate/check`, { pass: '1234', data: 'Log in?', ...form });
      const { value, error } = JSON.parse(text).result;
      return `${status} ${value ?? error.code}`;
    };
    for (const mount of named) {
      const told = new Set<string>();
      for (const form of [...names(mount), ...names('nobody'), { user: mount, realm: 'nosuch' }]) {
        told.add(await replyOf(mount, form));
        assert.equal((await world.phones[mount].poll()).body.result.value.length, 0, `${mount}: no phone rings`);
      }
      assert.equal(told.size, 1, [...told].join(', '));
    }
  });

  it('uses the address of the user where a proxy may name it', async () => {
    const world = await givenWorld({ settings: { OverrideAuthorizationClient: '127.0.0.1' } });
    const actions = { authorized: 'deny_access' };
    await world.rules({ name: 'rule', match: { client: ['203.0.113.0/24'] }, actions });
    for (const mount of named) {
      assert.equal(await admits(world, mount, { client: '203.0.113.7' }), false, mount);
      assert.equal(await admits(world, mount, { client: '198.51.100.7' }), true, mount);
    }
  });

  it('is tested with each permission at every mount that it reaches', () => {
    const doorOf = (call: string): string =>
      ({ ops: 'ops', cs: 'challenge-service', linotp: 'linotp', rest: 'rest' })[/^\S+ \/([^/]+)/.exec(call)?.[1] ?? ''] ?? 'privacyidea';
    for (const [right, calls] of Object.entries(permissions))
      assert.deepEqual(new Set(calls.map(doorOf)), new Set(isActionName(right) ? reach[right] : []), right);
  });

  it('is tested with every action that admits or refuses', () => {
    const tried = [loginRules, letsIn, tokenRules, permissions].flatMap((table) => Object.keys(table));
    const rest = Object.keys(actions).filter((action) => !tried.includes(action) && !isAboutHow(action));
    assert.deepEqual(rest, []);
  });
});

/**
 * Actions for the replies, delivery and texts of a login, for enrolment, and for the meaning of names: they admit
 * and refuse no one.
 */
const isAboutHow = (action: string): boolean =>
  /^(?:push|edupush)(?:token)?_(?!max)|text|^(?:token(?:label|issuer)|appimageurl|setrealm|mangle|otppin|otp_pin_set_random)$|_in_response$|^no_detail|^enroll_via|^hide_|^preferred_|^increase_|^reset_all|^force_|^challenge_|^client_mode/.test(
    action,
  );
