import assert from 'node:assert/strict';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import bcrypt from 'bcryptjs';
import { givenLinotpGateway } from '../../../../kit/linotp-gateway.ts';
import { type Cleanup, cleanup, temporaryFolder } from '../../../../kit/temporary.ts';

const password = bcrypt.hashSync('wonderland', 4);
const everybody = [{ username: 'alice', password }, { username: 'bob' }];

/** A gateway whose users stand in a file. */
async function given(undo: Cleanup) {
  const file = join(temporaryFolder(undo), 'staff.json');
  const write = (users: readonly object[]): void => writeFileSync(file, JSON.stringify(users));
  write(everybody);
  const more = {
    realms: [{ name: 'corp', default: true, users: ['staff'] }],
    userSources: [{ name: 'staff', kind: 'file', config: { file } }],
  };
  return { ...(await givenLinotpGateway(undo, { more })), write };
}

describe('LinOTP clients and a list of users', () => {
  const undo = cleanup();
  afterEach(() => undo.run());

  it('enrol no user who is not in it', async () => {
    const { postAsAdmin } = await given(undo);
    const init = (user: string) => postAsAdmin('/admin/init', { type: 'push', serial: 'KIPT1', user });
    assert.deepEqual((await init('mallory')).json.result.error, { code: -311, message: 'getUserId failed: no user found' });
    assert.equal((await init('alice')).json.result.value, true);
    const [row] = (await postAsAdmin('/admin/show', { serial: 'KIPT1' })).json.result.value.data;
    assert.deepEqual([row['LinOtp.IdResolver'], row['User.username']], ['staff', 'alice']);
  });

  it('cannot use the push tokens of a user who has left, by name or by serial', async () => {
    const { active, post, write, pushed } = await given(undo);
    await active('alice', { serial: 'KIPT1' });
    const before = pushed.length;
    const byName = { user: 'alice', pass: '1234', data: 'x' };
    assert.ok((await post('/validate/check', byName)).json.detail);
    write(everybody.slice(1));
    const bySerial = { serial: 'KIPT1', pass: '1234', data: 'x' };
    for (const [path, form] of [
      ['check', byName],
      ['check', bySerial],
      ['check_s', bySerial],
    ] as const)
      assert.deepEqual((await post(`/validate/${path}`, form)).json.detail, undefined, path);
    assert.equal(pushed.length, before + 1);
  });

  it('do not give a user the push tokens of an earlier user of the name', async () => {
    const { active, post, postAsAdmin, write, pushed } = await given(undo);
    write([{ username: 'alice', userid: '7' }]);
    await active('alice', { serial: 'KIPT1' });
    const [row] = (await postAsAdmin('/admin/show', { serial: 'KIPT1' })).json.result.value.data;
    assert.equal(row['User.userid'], '7');
    const before = pushed.length;
    write([{ username: 'alice', userid: '8' }, { username: 'carol' }]);
    assert.equal((await post('/validate/check', { user: 'alice', pass: '1234', data: 'x' })).json.detail, undefined);
    assert.equal((await post('/validate/check_s', { serial: 'KIPT1', pass: '1234', data: 'x' })).json.detail, undefined);
    assert.equal(pushed.length, before);
  });

  it('cannot have the phone of one user answer for another', async () => {
    const { active, post, pushed } = await given(undo);
    await active('bob', { serial: 'BOBS' });
    const before = pushed.length;
    assert.equal((await post('/validate/check', { user: 'alice', serial: 'BOBS', pass: '1234', data: 'x' })).json.detail, undefined);
    assert.equal(pushed.length, before);
    assert.ok((await post('/validate/check', { user: 'bob', serial: 'BOBS', pass: '1234', data: 'x' })).json.detail);
  });

  it('poll by serial or by user, whichever began the login', async () => {
    const { active, post } = await given(undo);
    await active('alice', { serial: 'KIPT1' });
    for (const began of [{ serial: 'KIPT1' }, { user: 'alice' }] as Record<string, string>[]) {
      const { transactionid } = (await post('/validate/check', { ...began, pass: '1234', data: 'x' })).json.detail;
      for (const asks of [{ serial: 'KIPT1' }, { user: 'alice' }, {}] as Record<string, string>[])
        assert.equal((await post('/validate/check_status', { ...asks, pass: '1234', transactionid })).json.result.value, true);
      assert.equal((await post('/validate/check_status', { user: 'bob', pass: '1234', transactionid })).json.result.value, false);
    }
  });

  for (const otppin of [1, '1', 'password', 'userstore']) {
    it(`need the password of the source with otppin ${JSON.stringify(otppin)}`, async () => {
      const { active, post, rules } = await given(undo);
      await active('alice', { serial: 'KIPT1' });
      await rules({ name: 'pin', actions: { otppin } });
      const detail = async (form: Record<string, string>) => (await post('/validate/check', { data: 'x', ...form })).json.detail;
      assert.equal(await detail({ user: 'alice', pass: '1234' }), undefined);
      assert.equal(await detail({ user: 'bob', pass: '' }), undefined);
      assert.equal(await detail({ serial: 'KIPT1', pass: 'wonderland' }), undefined);
      assert.ok(await detail({ user: 'alice', pass: 'wonderland' }));
    });
  }

  it('learn of an unavailable source by the HTTP status alone, so that it is not taken for a refusal', async () => {
    const more = {
      realms: [{ name: 'corp', default: true, users: ['ldap'] }],
      userSources: [{ name: 'ldap', kind: 'ldap', config: { urls: ['ldap://127.0.0.1:1'], baseDn: 'dc=corp' } }],
    };
    const { post, postAsAdmin } = await givenLinotpGateway(undo, { more });
    const login = { user: 'alice', pass: '1234', data: 'x' };
    const { status, json } = await post('/validate/check', login);
    assert.deepEqual([status, json.id, json.result, json.detail], [503, 0, { status: true, value: false }, undefined]);
    const text = await post('/validate/simplecheck', login);
    assert.deepEqual([text.status, text.text], [503, ':-(']);
    const init = await postAsAdmin('/admin/init', { type: 'push', user: 'alice' });
    assert.deepEqual([init.status, init.json.result.error], [503, { code: -311, message: 'Directory unavailable' }]);
  });

  it('finish a login that began while a source knew the user', async () => {
    const { active, post, rules, write } = await given(undo);
    const phone = await active('alice', { serial: 'KIPT1' });
    await rules({ name: 'pam', actions: { push_without_data: true } });
    const { state = '' } = /(?<state>\d+)/.exec((await post('/validate/simplecheck', { user: 'alice', pass: '1234' })).text)?.groups ?? {};
    write(everybody.slice(1));
    await phone.answer('ACCEPT');
    assert.equal((await post('/validate/simplecheck', { user: 'alice', pass: '', state })).text, ':-)');
  });
});
