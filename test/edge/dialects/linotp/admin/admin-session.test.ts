import assert from 'node:assert/strict';
import { minutes } from '../../../../kit/clock.ts';
import { givenLinotpGateway, type LinotpGateway, type LinotpReply } from '../../../../kit/linotp-gateway.ts';
import { cleanup } from '../../../../kit/temporary.ts';

const refusalOf = ({ status, json }: LinotpReply) => [status, json.id, json.result?.status, json.result?.error];
const refused = (code: number, message: string) => [200, 1, false, { code, message }];
const notLoggedIn = refused(-311, 'Please log in at /admin/login first.');
const rowOf = async ({ postAsAdmin }: LinotpGateway, serial: string) =>
  (await postAsAdmin('/admin/show', { serial })).json.result.value.data[0];

describe('The session of a LinOTP administrator', () => {
  const undo = cleanup();
  afterEach(() => undo.run());

  const login = ({ post, gateway }: LinotpGateway, password = gateway.firstPassword ?? '') =>
    post('/admin/login', { username: 'admin', password });

  it('consists of two cookies: one hidden from scripts, and one that a script must repeat', async () => {
    const given = await givenLinotpGateway(undo);
    const { json, headers } = await login(given);
    assert.deepEqual([json.id, json.result, json.detail], [1, { status: true, value: true }, { message: 'Login successful for admin' }]);
    const [session = '', csrf = ''] = headers.getSetCookie();
    assert.match(session, /^access_token_cookie=[\w.-]+; path=\/; samesite=strict; httponly$/i);
    assert.match(csrf, /^csrf_access_token=[0-9a-f]{64}; path=\/; samesite=strict$/i);
  });

  it('has Secure cookies where a trusted proxy terminates TLS', async () => {
    const given = await givenLinotpGateway(undo, {
      more: {
        listeners: [
          {
            address: '127.0.0.1:0',
            trustedProxies: ['127.0.0.1/32'],
            mounts: [
              { path: '/linotp', serves: 'linotp' },
              { path: '/', serves: 'privacyidea' },
            ],
          },
        ],
      },
    });
    const form = { username: 'admin', password: given.gateway.firstPassword ?? '' };
    const flagsOf = async (proto: string) => {
      const { status, headers } = await given.post('/admin/login', form, { 'x-forwarded-for': '192.0.2.7', 'x-forwarded-proto': proto });
      assert.equal(status, 200);
      return headers.getSetCookie().map((cookie) => /; secure/i.test(cookie));
    };
    assert.deepEqual(
      [await flagsOf('https'), await flagsOf('http')],
      [
        [true, true],
        [false, false],
      ],
    );
  });

  it('gets the same reply for a wrong password and an unknown name, and checks no password after too many failures', async () => {
    const given = await givenLinotpGateway(undo, { settings: { sourceFailures: 2 } });
    const wrong = await login(given, 'wrong');
    const unknown = await given.post('/admin/login', { username: 'nobody', password: 'wrong' });
    const blocked = await login(given);
    assert.deepEqual([blocked.status, blocked.headers.get('retry-after')], [429, '600']);
    assert.match(JSON.stringify(refusalOf(blocked)), /try again in 600 seconds/);
    for (const { status, text, headers } of [wrong, unknown]) {
      assert.deepEqual([status, text, headers.getSetCookie()], [401, wrong.text, []]);
    }
    assert.deepEqual([wrong.json.result, wrong.json.detail], [{ status: true, value: false }, { message: 'Bad credentials' }]);
    given.clock.advance(601_000);
    assert.deepEqual(refusalOf(await given.post('/admin/login', {})), refused(905, "ERR905: missing key KeyError('username')"));
  });

  it('changes nothing without the header against forged requests or with a wrong one', async () => {
    const given = await givenLinotpGateway(undo);
    const cookie = (await login(given)).headers
      .getSetCookie()
      .map((each) => each.split(';')[0])
      .join('; ');
    const init = (headers: Record<string, string>) => given.post('/admin/init', { type: 'push', serial: 'KIPT1' }, headers);
    const forged = refused(-311, 'Missing or wrong X-CSRF-TOKEN');
    assert.deepEqual(refusalOf(await init({ cookie })), forged);
    assert.deepEqual(refusalOf(await init({ cookie, 'x-csrf-token': 'a'.repeat(64) })), forged);
    assert.deepEqual(refusalOf(await init({})), forged);
    assert.equal(await rowOf(given, 'KIPT1'), undefined);
    // the header is for calls that change something; a call that only reads needs only the cookie
    const reading = await fetch(`${given.gateway.urls[0]}/linotp/admin/show`, { headers: { cookie } });
    assert.equal(JSON.parse(await reading.text()).result.status, true);
    const stranger = await fetch(`${given.gateway.urls[0]}/linotp/admin/show`);
    assert.equal(JSON.parse(await stranger.text()).result.status, false);
  });

  it('may be a token in Authorization, until it expires', async () => {
    const { post, admin, clock } = await givenLinotpGateway(undo);
    const bearer = { authorization: `Bearer ${admin.authorization}` };
    for (const headers of [admin, bearer]) assert.equal((await post('/admin/show', {}, headers)).json.result.status, true);
    assert.deepEqual(refusalOf(await post('/admin/show', {}, { authorization: 'garbage' })), notLoggedIn);
    clock.advance(minutes(61));
    assert.deepEqual(refusalOf(await post('/admin/show', {}, admin)), notLoggedIn);
  });

  it('is deleted in the browser at the logout', async () => {
    const { postAsAdmin } = await givenLinotpGateway(undo);
    const { json, headers } = await postAsAdmin('/admin/logout');
    assert.equal(json.result.value, true);
    const cleared = headers.getSetCookie().map((cookie) => cookie.split(';').slice(0, 1).join());
    assert.deepEqual(cleared, ['access_token_cookie=', 'csrf_access_token=']);
  });

  it('allows all calls without policies, and only permitted ones with them', async () => {
    const { postAsAdmin, active, rules } = await givenLinotpGateway(undo);
    await active('alice', { serial: 'KIPT1' });
    const calls: Record<string, [string, Record<string, string>]> = {
      tokenlist: ['/admin/show', {}],
      enrollPUSH: ['/admin/init', { type: 'push' }],
      enable: ['/admin/enable', { serial: 'KIPT1' }],
      disable: ['/admin/disable', { serial: 'KIPT1' }],
      reset: ['/admin/reset', { serial: 'KIPT1' }],
      setpin: ['/admin/set', { serial: 'KIPT1', pin: '5' }],
      getchallenges: ['/admin/checkstatus', { serial: 'KIPT1' }],
      operate: ['/system/getProvider', { type: 'push' }],
      delete: ['/admin/remove', { serial: 'KIPT1' }],
    };
    const isForbidden = async ([path, form]: [string, Record<string, string>], right: string) => {
      const reply = await postAsAdmin(path, form);
      const message = `ERR410: You do not have the administrative right to do this: ${right}`;
      if (reply.json.result.status === false) assert.deepEqual(reply.json.result.error, { code: 410, message });
      return reply.json.result.status === false;
    };
    for (const [right, call] of Object.entries(calls)) {
      await rules({ name: 'rights', scope: 'admin', actions: { triggerchallenge: true } });
      assert.equal(await isForbidden(call, right), true, `${right} is missing`);
      await rules({ name: 'rights', scope: 'admin', match: { user: ['admin'] }, actions: { [right]: true } });
      assert.equal(await isForbidden(call, right), false, `${right} is there`);
    }
  });
});
