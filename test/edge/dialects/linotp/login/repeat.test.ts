import assert from 'node:assert/strict';
import { givenLinotpGateway } from '../../../../kit/linotp-gateway.ts';
import { cleanup } from '../../../../kit/temporary.ts';

const alice = { user: 'alice', pass: '1234' };
const tellsClients = { settings: { OverrideAuthorizationClient: '127.0.0.1' } };

describe('Logins of LinOTP clients that send a request twice', function () {
  this.timeout(30_000);
  const undo = cleanup();
  afterEach(() => undo.run());

  it('cause one push for the same request, and one yes accepts them; another text on the phone causes another push', async () => {
    const { active, post, rules, pushed, logged } = await givenLinotpGateway(undo, tellsClients);
    const phone = await active('alice');
    await rules({ name: 'repeats', actions: { push_wait: 30, push_repeat_window: 30 } });
    const before = pushed.length;
    const joined = () => logged.filter(({ event }) => event === 'login-joined').length;
    const words = { ...alice, client: '198.51.100.7', data: 'pay 1', content_type: '0' };
    const both = [post('/validate/check', words), post('/validate/check', words)];
    while (pushed.length === before || joined() === 0) await new Promise(setImmediate);
    const other = post('/validate/check', { ...words, data: 'pay 9999' });
    while (pushed.length < before + 2) await new Promise(setImmediate);
    await phone.answer('ACCEPT', pushed[before]?.transactionId);
    await phone.answer('DENY', pushed[before + 1]?.transactionId);
    const said = await Promise.all([...both, other]);
    assert.deepEqual([said.map(({ json }) => json.result.value), joined()], [[true, true, false], 1]);
  });

  it('get one number for the same request twice, and poll by it', async () => {
    const { active, post, rules, pushed } = await givenLinotpGateway(undo, tellsClients);
    const phone = await active('alice');
    await rules({ name: 'repeats', actions: { push_repeat_window: 30 } });
    const before = pushed.length;
    const words = { ...alice, client: '198.51.100.7', data: 'pay 1', content_type: '0' };
    const [first, second] = [await post('/validate/check', words), await post('/validate/check', words)];
    assert.deepEqual([second.json.detail, pushed.length], [first.json.detail, before + 1]);
    await phone.answer('ACCEPT');
    const { transactionid } = second.json.detail;
    const { json } = await post('/validate/check_status', { ...alice, transactionid });
    assert.equal(json.detail.transactions[transactionid].accept, true);
  });
});
