import assert from 'node:assert/strict';
import { givenLinotpGateway } from '../../../../kit/linotp-gateway.ts';
import { cleanup } from '../../../../kit/temporary.ts';

describe('A LinOTP server that forwards a login to a mount of LinOTP', () => {
  const undo = cleanup();
  afterEach(() => undo.run());

  const given = async () => {
    const gateway = await givenLinotpGateway(undo, { more: { realms: [{ name: 'corp', default: true }] } });
    const phone = await gateway.active('alice', { pin: 'a b+c%41' });
    await gateway.rules({ name: 'wait', match: { dialect: ['linotp'] }, actions: { push_wait: 20 } });
    /** Sends the request, has the phone answer, and gives the reply. */
    const answered = async (path: string, form: Record<string, string>, word: 'ACCEPT' | 'DENY' = 'ACCEPT') => {
      const before = gateway.pushed.length;
      const reply = gateway.post(path, form, { 'user-agent': 'Python-httplib2/0.20.4 (gzip)' });
      while (gateway.pushed.length === before) await new Promise(setImmediate);
      await phone.answer(word);
      return reply;
    };
    return { ...gateway, phone, answered };
  };

  it('as a remote token gets an accept after the yes of the phone, with the password encoded once', async () => {
    const { answered, phone } = await given();
    const byUser = await answered('/validate/check', { user: 'alice', realm: 'corp', resConf: '', pass: 'a b+c%41' });
    assert.deepEqual([byUser.status, byUser.json.result], [200, { status: true, value: true }]);
    const bySerial = await answered('/validate/check_s', { serial: phone.serial, pass: 'a b+c%41' });
    assert.deepEqual(bySerial.json.result, { status: true, value: true });
  });

  it('as a forward_server policy gets an accept without detail, which would count as a challenge, or a refusal', async () => {
    const { answered } = await given();
    const form = { user: 'alice', pass: 'a b+c%41', realm: 'corp' };
    const yes = await answered('/validate/check', form);
    assert.deepEqual([yes.status, yes.json.result.value, 'detail' in yes.json], [200, true, false]);
    const no = await answered('/validate/check', form, 'DENY');
    assert.deepEqual([no.status, no.json.result.value, 'detail' in no.json], [200, false, false]);
  });
});
