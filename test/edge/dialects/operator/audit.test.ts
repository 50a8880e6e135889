import assert from 'node:assert/strict';
import { type GivenGateway, givenGateway } from '../../../kit/gateway.ts';
import { type OpsReply, opsClient } from '../../../kit/operator.ts';
import { cleanup } from '../../../kit/temporary.ts';

describe('The audit at the gateway', () => {
  const undo = cleanup();
  afterEach(() => undo.run());

  const given = async (actions: object = {}): Promise<GivenGateway & { ops: ReturnType<typeof opsClient>; serial: string }> => {
    const rules = Object.keys(actions).length > 0 ? [{ name: 'rights', scope: 'admin', actions }] : [];
    const gateway = await givenGateway(undo, { policies: rules });
    const { serial } = Object.keys(actions).length > 0 ? { serial: '' } : await gateway.phoneOf('alice');
    await gateway.gateway.settled();
    return { ...gateway, ops: opsClient(gateway.gateway.urls[0] ?? '', gateway.admin), serial };
  };
  const kinds = ({ body }: OpsReply): string[] => body.entries.map(({ kind }: { kind: string }) => kind);

  it('is read with filters and cursors, newest first', async () => {
    const { ops, serial, gateway, client } = await given();
    await client.post('/validate/check', { user: 'alice', pass: '0' });
    await gateway.settled();
    assert.deepEqual(kinds(await ops('GET', '/ops/audit?user=alice')), ['login-refused', 'phone-enrolled', 'token-administered']);
    assert.deepEqual(kinds(await ops('GET', `/ops/audit?serial=${serial}&kind=phone-enrolled`)), ['phone-enrolled']);
    const first = await ops('GET', '/ops/audit?user=alice&limit=2');
    const second = await ops('GET', `/ops/audit?user=alice&limit=2&cursor=${first.body.next}`);
    assert.deepEqual([kinds(second), second.body.next], [['token-administered'], undefined]);
    const [entry] = second.body.entries;
    assert.deepEqual([entry.by.administrator, entry.by.client, entry.user], ['admin', '127.0.0.1', 'alice']);
    assert.deepEqual((await ops('GET', `/ops/audit/${entry.id}`)).body, { entry });
    assert.equal((await ops('POST', '/ops/audit/verify')).body.problem, undefined);
    assert.equal((await ops('POST', '/ops/audit/erase', { user: 'alice' })).body.entries, 3);
    assert.deepEqual(kinds(await ops('GET', '/ops/audit?user=alice')), []);
  });

  for (const [path, status, problem] of [
    ['/ops/audit?kind=nonsense', 400, /There is no kind/],
    ['/ops/audit?name=alice', 400, /There is no filter name/],
    ['/ops/audit?limit=1001', 400, /limit/],
    ['/ops/audit?until=soon', 400, /until is not a time/],
    ['/ops/audit?realm=corp', 400, /realm narrows user/],
    ['/ops/audit?cursor=AAAA', 400, /another query/],
    ['/ops/audit/none', 404, /no such entry/],
  ] as const)
    it(`refuses ${path}`, async () => {
      const { ops } = await given();
      const reply = await ops('GET', path);
      assert.equal(reply.status, status);
      assert.match(reply.body.error.message, problem);
    });

  for (const [right, may] of [
    ['auditlog', ['GET /ops/audit', 'POST /ops/audit/verify']],
    ['audit_erase', ['POST /ops/audit/erase']],
  ] as const)
    it(`is for administrators with the right ${right}`, async () => {
      const { ops } = await given({ operate: true, [right]: true });
      for (const call of ['GET /ops/audit', 'POST /ops/audit/verify', 'POST /ops/audit/erase']) {
        const [method = '', path = ''] = call.split(' ');
        const { status } = await ops(method, path, method === 'POST' ? { user: 'nobody' } : undefined);
        assert.equal(status, may.some((each) => each === call) ? 200 : 403, call);
      }
    });
});

describe("The audit in privacyIDEA's form", () => {
  const undo = cleanup();
  afterEach(() => undo.run());

  it('lists logins and acts by the calls of privacyIDEA, with their place in the chain checked', async () => {
    const { client, admin, gateway, phoneOf } = await givenGateway(undo);
    const { serial } = await phoneOf('alice');
    await client.post('/validate/check', { user: 'alice', pass: '0' });
    await gateway.settled();
    const { body } = await client.get('/audit/', { user: 'alice', page_size: '2' }, admin);
    const { value } = body.result;
    assert.deepEqual([value.count, value.current, value.next, value.prev], [3, 1, 2, null]);
    assert.deepEqual(Object.keys(value.auditdata[0]), value.auditcolumns);
    const [refused, enrolled] = value.auditdata;
    assert.deepEqual(
      [refused.action, refused.success, refused.user, refused.realm, refused.client, refused.action_detail, refused.sig_check],
      ['POST /validate/check', 0, 'alice', 'corp', '127.0.0.1', 'wrong-pin', 'OK'],
    );
    assert.deepEqual([enrolled.action, enrolled.success, enrolled.serial, enrolled.missing_line], ['POST /ttype/push', 1, serial, 'OK']);
    const made = (await client.get('/audit/', { action: '*token/init*', sortorder: 'asc' }, admin)).body.result.value;
    assert.deepEqual([made.count, made.auditdata[0].administrator], [1, 'admin']);
    for (const nothing of [{ action: 'POST /policy' }, { serial: 'NONE' }, { user: 'bob' }])
      assert.equal((await client.get('/audit/', nothing, admin)).body.result.value.count, 0);
  });

  it("has eduMFA's name for the column of the server there", async () => {
    const mounts = [{ path: '/', serves: 'privacyidea', flavour: 'edumfa' }];
    const { client, admin } = await givenGateway(undo, { mounts });
    const { auditcolumns, auditdata } = (await client.get('/audit/', {}, admin)).body.result.value;
    assert.ok(auditcolumns.includes('edumfa_server') && !auditcolumns.includes('privacyidea_server'));
    assert.deepEqual([Object.keys(auditdata[0]), auditdata[0].edumfa_server], [auditcolumns, 'eduMFA']);
  });

  it('refuses columns without a filter, and callers without the right', async () => {
    const { client, admin } = await givenGateway(undo);
    for (const wish of [{ client: '10.0.0.1' }, { success: '1' }, { realm: 'corp' }] as Record<string, string>[])
      assert.equal((await client.get('/audit/', wish, admin)).body.result.error?.code, 905, JSON.stringify(wish));
    assert.equal((await client.get('/audit/', { client: '*' }, admin)).status, 200, 'any text asks nothing');
    assert.equal((await client.get('/audit/')).status, 401);
  });
});
