import assert from 'node:assert/strict';
import { join } from 'node:path';
import { readQrPicture } from '../../../../../src/virtual-phone/index.ts';
import { piPhone } from '../../../../kit/pi-phone.ts';
import { cleanup, temporaryFolder } from '../../../../kit/temporary.ts';
import { everybody, rule, writeUsers } from '../login/people-kit.ts';
import { type EdumfaWishes, givenEdumfa } from './edumfa-kit.ts';

describe('Users of a directory at a mount of eduMFA', function () {
  this.timeout(30_000);
  const undo = cleanup();
  afterEach(() => undo.run());

  const given = (wishes: EdumfaWishes = {}) => {
    const file = join(temporaryFolder(undo), 'staff.json');
    writeUsers(file, everybody);
    const userSources = [{ name: 'staff', kind: 'file', config: { file } }];
    return givenEdumfa(undo, { ...wishes, more: { realms: [{ name: 'corp', default: true, users: ['staff'] }], userSources } });
  };
  const byPassword = { passthru: 'userstore', otppin: 'userstore' };

  const kinds = [
    { value: 'EDUPUSH', type: 'edupush', scheme: 'edumfa-push://edumfa/', serial: /^EDUP/, path: '/ttype/edupush' },
    { value: 'PUSH', type: 'push', scheme: 'otpauth://pipush/', serial: /^PIPU/, path: '/ttype/push' },
  ];
  for (const { value, type, scheme, serial, path } of kinds)
    it(`get a token of type ${type} in a login, with the fields of eduMFA and no other`, async () => {
      // given bob, who has a password and no token
      const { edumfa, clock, status } = await given({ actions: { ...byPassword, enroll_via_multichallenge: value } });
      const login = () => edumfa.post('/validate/check', { user: 'bob', pass: 'builder' });
      // when he logs in
      const { body } = await login();
      // then he is shown a QR code
      const { threadid: _thread, ...detail } = body.detail;
      const { image, message, serial: named, transaction_id: id } = detail;
      const entry = { client_mode: 'poll', image, message, serial: named, transaction_id: id, type };
      assert.deepEqual(detail, { ...entry, multi_challenge: [entry], transaction_ids: [id], preferred_client_mode: 'poll' });
      assert.equal(body.result.authentication, 'CHALLENGE');
      assert.match(named, serial);
      // and is accepted when the phone that scans it has enrolled
      const text = readQrPicture(Buffer.from(image.split(',')[1] ?? '', 'base64'));
      assert.ok(text.ok && text.value.startsWith(scheme), JSON.stringify(text));
      const credential = new URL(text.value).searchParams.get('enrollment_credential') ?? '';
      assert.equal((await piPhone(edumfa, { serial: named, credential, path, clock }).rollout()).status, 200);
      assert.equal((await status(id)).body.detail.challenge_status, 'accept');
      const finished = await edumfa.post('/validate/check', { user: 'bob', pass: '', transaction_id: id });
      assert.deepEqual([finished.body.result.authentication, finished.body.detail.serial], ['ACCEPT', named]);
      // and the next login asks that phone
      const next = await login();
      assert.deepEqual([next.body.result.authentication, next.body.detail.type], ['CHALLENGE', type]);
    });

  it('cannot enrol types that their mount does not enrol', async () => {
    const { client } = await given({ actions: { ...byPassword, enroll_via_multichallenge: 'EDUPUSH' } });
    const { status, body } = await client.post('/validate/check', { user: 'bob', pass: 'builder' });
    assert.deepEqual([status, body.result.error?.code], [403, 303]);
  });

  it('are accepted in wait mode, with all additions of samlcheck', async () => {
    // given a rule that makes the reply wait, and one that adds the user's attributes
    const rules = [rule('tell', { add_user_in_response: true, add_resolver_in_response: true }, 'authorization')];
    const { edumfa, enrolled } = await given({ actions: { edupush_wait: 20, otppin: 'userstore' }, rules });
    const { phone } = await enrolled('edumfa-next');
    const asked = async () => {
      for (;;) {
        const [request] = (await phone.poll())[0]?.requests ?? [];
        if (request) return request;
      }
    };
    // when alice logs in with her password and accepts
    const login = edumfa.post('/validate/samlcheck', { user: 'alice', pass: 'wonderland' });
    await phone.approve(await asked());
    // then the waiting reply names her
    const { body } = await login;
    const { username, userid, email } = body.detail.user;
    assert.deepEqual([body.result.authentication, body.detail.message, body.detail.type], ['ACCEPT', 'matching 1 tokens', 'edupush']);
    assert.deepEqual(
      [username, userid, email, body.detail['user-realm'], body.detail['user-resolver']],
      ['alice', '7', 'alice@corp.example', 'corp', 'staff'],
    );
    assert.deepEqual([body.result.value.auth, body.result.value.attributes.givenname], [true, 'Alice']);
    const wrong = await edumfa.post('/validate/samlcheck', { user: 'alice', pass: 'wrong' });
    assert.deepEqual(
      [wrong.body.result, wrong.body.detail.user],
      [{ status: true, value: { auth: false, attributes: {} }, authentication: 'REJECT' }, undefined],
    );
  });

  it('choose their type of token where policies allow that, and only allowed types', async () => {
    const { edumfa, enrolled } = await given({ rules: [rule('let them', { application_tokentype: true }, 'authorization')] });
    const [edupush, legacy] = [await enrolled('edumfa'), await enrolled('privacyidea')];
    const asked = async (from: typeof edumfa, more: Record<string, string>) =>
      ((await from.post('/validate/check', { user: 'alice', pass: '1234', ...more })).body.detail.multi_challenge ?? [])
        .map(({ serial }: { serial: string }) => serial)
        .sort();
    assert.deepEqual(await asked(edumfa, { type: 'edupush' }), [edupush.serial]);
    assert.deepEqual(await asked(edumfa, { type: 'push' }), [legacy.serial]);
    assert.deepEqual(await asked(edumfa, {}), [edupush.serial, legacy.serial].sort());
    for (const [actions, left] of [
      [{ tokentype: 'edupush' }, edupush],
      [{ tokentype: 'push' }, legacy],
    ] as const) {
      const other = await given({ rules: [rule('types', actions, 'authorization')] });
      const apps = [await other.enrolled('edumfa'), await other.enrolled('privacyidea')];
      const wanted = left === edupush ? apps[0] : apps[1];
      assert.deepEqual(await asked(other.edumfa, {}), [wanted?.serial]);
    }
  });

  it('may use the type that their client was told', async () => {
    const rules = [rule('let them', { application_tokentype: true }, 'authorization')];
    const { edumfa, enrolled } = await given({ rules, actions: { edupush_shown_as: 'push' } });
    const { serial } = await enrolled('edumfa');
    const { body } = await edumfa.post('/validate/check', { user: 'alice', pass: '1234', type: 'push' });
    assert.deepEqual([body.detail.serial, body.detail.type], [serial, 'push']);
  });

  it('are named on the login page, but not on the phone, where eduMFA knows no tags', async () => {
    const texts = { challenge_text: 'Hello {givenname} {surname}', edupush_text_on_mobile: 'Hello {givenname}' };
    const { enrolled, start } = await given({ actions: texts });
    const app = await enrolled('edumfa');
    assert.equal((await start()).body.detail.message, 'Hello Alice Liddell');
    assert.equal(app.pushed().question, 'Hello {givenname}');
  });

  it('get only a status through RADIUS, whatever detail policies allow', async () => {
    const bare = rule('bare', { no_detail_on_success: true, no_detail_on_fail: true }, 'authorization');
    const { edumfa, client } = await given({ actions: { passthru: 'userstore' }, rules: [bare] });
    const at = (path: string) => fetch(`${client.url}/edumfa/validate/${path}`);
    const replies = [
      await at('radiuscheck?user=bob&pass=builder'),
      await at('radiuscheck?user=bob&pass=wrong'),
      await at('radiuscheck?user=mallory&pass=x'),
    ];
    assert.deepEqual(await Promise.all(replies.map(async (reply) => [reply.status, await reply.text()])), [
      [204, ''],
      [400, ''],
      [400, ''],
    ]);
    const { body } = await edumfa.post('/validate/check', { user: 'bob', pass: 'builder' });
    assert.deepEqual([body.result.authentication, body.detail], ['ACCEPT', undefined]);
  });
});
