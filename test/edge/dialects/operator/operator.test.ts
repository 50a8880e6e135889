import assert from 'node:assert/strict';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { selfSigned } from '../../../foundation/wire/self-signed.ts';
import { farSide } from '../../../kit/far-side.ts';
import { configText, type GatewayWishes, givenGateway } from '../../../kit/gateway.ts';
import { opsClient, type RunCli, runCli } from '../../../kit/operator.ts';
import { cleanup, temporaryFolder } from '../../../kit/temporary.ts';

describe('The interface for operators', function () {
  this.timeout(30_000);
  const undo = cleanup();
  afterEach(() => undo.run());

  /** A gateway whose second provider is a challenge service that a test controls. */
  const given = async (policies: GatewayWishes['policies'] = []) => {
    const far = await farSide(undo);
    const ca = join(temporaryFolder(undo), 'ca.pem');
    writeFileSync(ca, selfSigned.cert);
    const providers = [
      { name: 'poll', kind: 'poll-only', default: true, config: {} },
      { name: 'cs', kind: 'challenge-service', config: { push_url: far.url, server_certificate: ca } },
    ];
    const wishes = { policies, more: { providers } };
    const gateway = await givenGateway(undo, wishes);
    const url = gateway.gateway.urls[0] ?? '';
    writeFileSync(join(gateway.folder, 'config.json'), configText(wishes, new URL(url).host));
    const cli: RunCli = (...argv) => runCli([...argv, '--config', join(gateway.folder, 'config.json')]);
    return { ...gateway, far, cli, ops: opsClient(url, gateway.admin) };
  };

  it('requires an administrator with the right to operate', async () => {
    const { ops } = await given([{ name: 'helpdesk', scope: 'admin', actions: { tokenlist: true } }]);
    const nobody = await ops('GET', '/ops/providers', undefined, {});
    const helpdesk = await ops('GET', '/ops/providers');
    assert.deepEqual([nobody.status, nobody.body.error.code], [401, 'no-authorization']);
    assert.deepEqual([helpdesk.status, helpdesk.body.error.code], [403, 'forbidden']);
  });

  it('adds an address, sends a test there, and shows what delivery tried', async () => {
    // given a phone that only polls
    const { ops, phoneOf, far, gateway } = await given();
    const { serial } = await phoneOf('alice');
    // when an operator adds an address and sends a test
    const added = await ops('POST', `/ops/tokens/${serial}/addresses`, { kind: 'gda', value: 'C0FFEE-SECRET' });
    const tested = await ops('POST', '/ops/providers/cs/test', { serial });
    await gateway.settled();
    // then the challenge service has received it, the trail says so, and no reply contains the address
    assert.equal(tested.body.sent, true);
    assert.equal(JSON.parse(far.requests[0]?.body ?? '').challenge.gda, 'C0FFEE-SECRET');
    const shown = await ops('GET', `/ops/transactions/${tested.body.transactionId}`);
    assert.deepEqual([shown.body.status, shown.body.trail[0].provider, shown.body.trail[0].outcome], ['pending', 'cs', 'sent']);
    const listed = await ops('GET', `/ops/tokens/${serial}/addresses`);
    assert.deepEqual(
      listed.body.addresses.map(({ id, kind }: { id: string; kind: string }) => [id, kind]),
      [[added.body.id, 'gda']],
    );
    assert.doesNotMatch(JSON.stringify([shown.body, listed.body]), /C0FFEE/);
    // and it can be removed, once
    assert.equal((await ops('DELETE', `/ops/tokens/${serial}/addresses/${added.body.id}`)).status, 200);
    assert.equal((await ops('DELETE', `/ops/tokens/${serial}/addresses/${added.body.id}`)).status, 404);
  });

  it('cleans an APNs address as an iPhone shows it, and describes the form where one is truncated', async () => {
    const { ops, phoneOf } = await given();
    const { serial } = await phoneOf('alice');
    const add = (value: string) => ops('POST', `/ops/tokens/${serial}/addresses`, { kind: 'apns', value });
    const shown = await add(`<${'abababab '.repeat(8).trim()}>`);
    assert.deepEqual([shown.status, shown.body.id], [200, (await add('AB'.repeat(32))).body.id]);
    const short = await add('<abababab abababab>');
    assert.equal(short.status, 400);
    assert.match(JSON.stringify(short.body), /64 or more hexadecimal digits, two per byte/);
  });

  it('marks an address dead on the reply of a provider, skips it from then on, and revives it when it is added again', async () => {
    const { ops, phoneOf, far, gateway, logged } = await given();
    const { serial } = await phoneOf('alice');
    const address = { kind: 'gda', value: 'DEAD-ONE' };
    await ops('POST', `/ops/tokens/${serial}/addresses`, address);
    far.behave({ kind: 'reply', status: 410 });
    const first = await ops('POST', '/ops/providers/cs/test', { serial });
    await gateway.settled();
    const second = await ops('POST', '/ops/providers/cs/test', { serial });
    assert.deepEqual([first.body.attempts[0].reason, second.body.attempts[0].reason], ['dead-address', 'no-address']);
    assert.ok((await ops('GET', `/ops/tokens/${serial}/addresses`)).body.addresses[0].deadSince);
    assert.ok(logged.some(({ message }) => String(message).startsWith('a device address is dead')));
    assert.doesNotMatch(JSON.stringify(logged), /DEAD-ONE/);
    await ops('POST', `/ops/tokens/${serial}/addresses`, address);
    assert.equal((await ops('GET', `/ops/tokens/${serial}/addresses`)).body.addresses[0].deadSince, undefined);
  });

  it('leaves a challenge open after a failed push, with the hint to open the app', async () => {
    const { client, phoneOf, ops, far } = await given([{ name: 'by cs', scope: 'authentication', actions: { push_provider: 'cs' } }]);
    const phone = await phoneOf('alice');
    await ops('POST', `/ops/tokens/${phone.serial}/addresses`, { kind: 'gda', value: 'X' });
    far.behave({ kind: 'reply', status: 503 });
    const started = await client.post('/validate/check', { user: 'alice', pass: '1234' });
    const waiting = (await phone.poll()).body.result.value;
    assert.match(started.body.detail.message, /open|check/i);
    assert.equal(waiting.length, 1);
    await phone.answer(waiting[0].nonce);
    const { transaction_id } = started.body.detail;
    const finished = await client.post('/validate/check', { user: 'alice', pass: '', transaction_id });
    assert.equal(finished.body.result.authentication, 'ACCEPT');
  });

  it('explains policies, and gives bad questions a clear answer', async () => {
    const { ops } = await given([
      {
        name: 'corp by cs',
        match: { realm: ['corp'], mount: ['*'], flavour: ['privacyidea'] },
        actions: { push_provider: ['cs', 'poll'] },
      },
    ]);
    const told = await ops('POST', '/ops/policy/explain', { user: 'alice', realm: 'guests', recorded: 'poll' });
    const unmounted = ['mount', 'flavour'].map((matcher) => ({
      matcher,
      wants: matcher === 'mount' ? '*' : 'privacyidea',
      was: '(unknown)',
    }));
    assert.deepEqual(told.body.rules[0].mismatches, [{ matcher: 'realm', wants: 'corp', was: 'guests' }, ...unmounted]);
    assert.deepEqual(told.body.plan, {
      deadlineMs: 2000,
      because: 'enrolment',
      providers: [{ name: 'poll', kind: 'poll-only', addresses: ['none'] }],
    });
    const mounted = await ops('POST', '/ops/policy/explain', { user: 'alice', realm: 'corp', mount: '/', flavour: 'privacyidea' });
    assert.equal(mounted.body.rules[0].matched, true);
    const wrong = await ops('POST', '/ops/policy/explain', { usr: 'alice' });
    assert.deepEqual([wrong.status, /usr/.test(wrong.body.error.message)], [400, true]);
    assert.equal((await ops('POST', '/ops/policy/explain', 'not an object')).status, 400);
    assert.equal((await ops('POST', '/ops/providers/gone/check')).status, 404);
    assert.equal((await ops('GET', '/ops/tokens/GONE/addresses')).status, 404);
    assert.equal((await ops('POST', '/ops/tokens/GONE/addresses', { kind: 'pigeon', value: 'x' })).status, 400);
    assert.equal((await ops('GET', '/ops/transactions/00000000000000000000')).status, 404);
  });

  it('cleans an address, and refuses a malformed one in a sentence that does not repeat it', async () => {
    const { ops, phoneOf } = await given();
    const { serial } = await phoneOf('alice');
    const add = (kind: string, value: string) => ops('POST', `/ops/tokens/${serial}/addresses`, { kind, value });
    const shown = await add('apns', `<${'ABABABAB '.repeat(8).trim()}>`);
    const plain = await add('apns', 'ab'.repeat(32));
    assert.deepEqual([shown.status, shown.body.id], [200, plain.body.id]);
    const bad = await add('apns', 'SECRET-TOKEN');
    assert.deepEqual([bad.status, bad.body.error.code], [400, 'bad-request']);
    assert.match(bad.body.error.message, /^An APNs device token has 64/);
    assert.doesNotMatch(bad.body.error.message, /SECRET/);
    assert.equal((await add('fcm', 'x'.repeat(4097))).status, 400);
  });

  it('limits the number of addresses of a push token', async () => {
    const { ops, phoneOf } = await given();
    const { serial } = await phoneOf('alice');
    const add = (value: string) => ops('POST', `/ops/tokens/${serial}/addresses`, { kind: 'gda', value });
    for (let number = 0; number < 8; number += 1) assert.equal((await add(`N${number}`)).status, 200);
    assert.equal((await add('N8')).status, 400);
    assert.equal((await add('N7')).status, 200);
  });

  it('is used by the commands', async () => {
    const { cli, phoneOf, far } = await given([{ name: 'all by cs', scope: 'authentication', actions: { push_provider: ['cs', 'poll'] } }]);
    const { serial } = await phoneOf('alice');
    const added = await cli('tokens', 'address', 'add', serial, '--kind', 'gda', '--value', 'C0FFEE');
    const id = /added: (\S+)/.exec(added.out)?.[1] ?? '';
    assert.match((await cli('tokens', 'address', 'list', serial)).out, new RegExp(`^${id} {2}gda {3}20\\S+ +-$`, 'm'));
    const sent = await cli('providers', 'send-test', 'cs', '--serial', serial);
    assert.match(sent.out, /cs: sent after \d+ ms\ncs has taken it over/);
    assert.match((await cli('providers', 'list')).out, /^cs +challenge-service {2}closed +0 +0 +20\S+Z {2}- /m);
    assert.match((await cli('providers', 'check')).out, /poll: fine, phones poll\ncs: fine/);
    assert.match((await cli('tokens', 'address', 'remove', serial, id)).out, /removed/);
    const explained = await cli('policy', 'explain', '--user', 'alice');
    assert.match(explained.out, /matches {3}all by cs\n {12}decides push_provider/);
    assert.match(explained.out, /Plan, by rule "all by cs": within 2000 ms\n {2}1\. cs \(challenge-service\) for addresses: gda/);
    const strange = await cli('policy', 'explain', '--mount', '/nowhere');
    assert.deepEqual([strange.code, /There is no mount \/nowhere\. Mounts are \//.test(strange.err)], [2, true]);
    const nowhere = await cli('policy', 'explain', '--user', 'alice', '--realm', 'nosuch');
    assert.deepEqual([nowhere.code, nowhere.err], [2, 'pushgate: there is no realm nosuch. Realms are corp, guests.\n']);
    assert.match((await cli('tokens', 'init', '--pin', '1234')).err, /^The push token PIPU\S+ has no owner/);
    // when the challenge service is gone
    far.behave({ kind: 'reset' });
    const failed = await cli('providers', 'check', 'cs');
    assert.deepEqual([failed.code, /cannot be reached/.test(failed.out)], [1, true]);
    const wrong = await cli('providers', 'send-test', 'gone', '--serial', serial);
    assert.deepEqual([wrong.code, /There is no provider gone/.test(wrong.err)], [5, true]);
  });

  it('is checked by the doctor, which also checks the servers in the file', async () => {
    const { cli, far } = await given();
    const well = await cli('doctor');
    for (const line of [
      /^fine {5}config: /m,
      /^fine {5}gateway, store: takes a write/m,
      /^fine {5}provider cs: /m,
      /^FAILED {3}registration URL https:\/\/mfa/m,
    ])
      assert.match(well.out, line);
    far.behave({ kind: 'reset' });
    assert.match((await cli('doctor')).out, /^FAILED {3}provider cs: .*cannot be reached/m);
  });
});
