import assert from 'node:assert/strict';
import { once } from 'node:events';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { connect } from 'node:tls';
import { loadConfig } from '../../../../src/config/index.ts';
import { issueServerCertificate } from '../../../../src/foundation/crypto/index.ts';
import { testAuthority } from '../../../kit/authority.ts';
import { minutes } from '../../../kit/clock.ts';
import { linotpBody, linotpPost, linotpPush } from '../../../kit/linotp-server.ts';
import { cleanup } from '../../../kit/temporary.ts';
import { askTls } from '../../../kit/tls-client.ts';
import { readVectors } from '../../../kit/vectors.ts';
import { givenRelay, newId } from './given.ts';

type Vectors = {
  provider_request: { name: string; input: { challenge: string; gda: string; transactionId: string }; body_text: string }[];
  provider_reply_judgement: { reply_status?: number; success?: boolean }[];
};
const vectors = readVectors<Vectors>('linotp.json');

describe('A LinOTP server that has its challenges delivered', function () {
  this.timeout(30_000);
  const undo = cleanup();
  afterEach(() => undo.run());

  for (const { name, input, body_text } of vectors.provider_request) {
    it(`sends "${name}" of the vectors, which arrives unchanged`, async () => {
      const { fakes, put, url, linotp, gateway } = await givenRelay(undo);
      assert.equal((await put(input.gda, { address: { kind: 'fcm', value: 'phone-1' }, platform: 'android' })).status, 200);
      assert.equal(linotpBody(input.transactionId, input.gda, input.challenge), body_text);
      const reply = await linotpPost(`${url}/v1/challenge`, body_text, linotp);
      assert.deepEqual([reply.status, reply.reason], [200, 'OK']);
      await gateway.settled();
      const [delivery, ...rest] = fakes.deliveries;
      assert.equal(rest.length, 0);
      const { data } = (delivery?.payload ?? {}) as { data?: Record<string, string> };
      assert.deepEqual([delivery?.address, data], ['phone-1', { transactionId: input.transactionId, challenge: input.challenge }]);
    });
  }

  it('reaches a phone whose gda carries its address', async () => {
    const { fakes, challenge } = await givenRelay(undo, { push_provider: ['fcm', 'apns'] });
    const hex = 'ab'.repeat(32);
    for (const gda of ['fcm:token-a', 'fcm.token-b', `apns:${hex}`, `apn.${hex}`])
      assert.equal((await challenge(newId(), gda)).status, 200, gda);
    assert.deepEqual(
      fakes.deliveries.map(({ fake, address }) => [fake, address]),
      [
        ['fcm', 'token-a'],
        ['fcm', 'token-b'],
        ['apns', hex],
        ['apns', hex],
      ],
    );
  });

  it('can push to one phone only as often as policies allow, and gets a retry time', async () => {
    const { fakes, challenge, gateway, clock, logged } = await givenRelay(undo, {
      push_provider: ['fcm'],
      actions: { push_relays_per_device: '2/10m' },
    });
    const ids = [newId(), newId(), newId()];
    const [first = '', , third = ''] = ids;
    const statuses: number[] = [];
    for (const id of ids) statuses.push((await challenge(id, 'fcm:phone-1')).status);
    assert.deepEqual(statuses, [200, 200, 429]);
    const refused = await challenge(third, 'fcm:phone-1');
    assert.deepEqual(
      [refused.reason, refused.headers['retry-after']],
      ['This phone was sent as many challenges as policies allow; the next one in 600 s', '600'],
    );
    // the reply for an earlier push is repeated, and other phones are not limited
    assert.equal((await challenge(first, 'fcm:phone-1')).status, 200);
    assert.equal((await challenge(newId(), 'fcm:phone-2')).status, 200);
    await gateway.settled();
    assert.deepEqual(
      fakes.deliveries.map(({ address }) => address),
      ['phone-1', 'phone-1', 'phone-2'],
    );
    assert.equal(logged.filter(({ event, reason }) => event === 'login-refused' && reason === 'limited').length, 2);
    clock.advance(minutes(10));
    assert.equal((await challenge(third, 'fcm:phone-1')).status, 200);
  });

  it('is passed on byte for byte to a challenge service behind the gateway', async () => {
    const { fakes, challenge, gateway } = await givenRelay(undo, { push_provider: ['cs'] });
    const id = '12345678901234.01';
    assert.equal((await challenge(id, 'gerät/1', 'lseqr://push/ü💸')).status, 200);
    await gateway.settled();
    const { address, payload, id: seen } = fakes.deliveries[0] ?? assert.fail();
    assert.deepEqual([seen, address, payload], [id, 'gerät/1', 'lseqr://push/ü💸']);
  });

  it('gets the first reply again, and nothing is delivered twice', async () => {
    const { fakes, challenge } = await givenRelay(undo);
    const id = newId();
    const replies = await Promise.all([1, 2, 3].map(() => challenge(id, 'fcm:phone-1')));
    const later = await challenge(id, 'fcm:phone-1');
    assert.deepEqual(
      [...replies, later].map(({ status }) => status),
      [200, 200, 200, 200],
    );
    assert.equal(fakes.deliveries.length, 1);
    // but another challenge under that id is a conflict
    const other = await challenge(id, 'fcm:phone-1', 'lseqr://push/other');
    assert.deepEqual([other.status, other.reason], [409, 'Another challenge has this transactionId']);
    assert.equal(fakes.deliveries.length, 1);
  });

  it('may use an id that another auth server has used', async () => {
    const { fakes, challenge, url, linotp, other } = await givenRelay(undo);
    const id = newId();
    await challenge(id, 'fcm:phone-1');
    assert.equal((await linotpPost(`${url}/v1/challenge`, linotpBody(id, 'fcm:phone-2', 'x'), { ...linotp, client: other })).status, 200);
    assert.equal(fakes.deliveries.length, 2);
  });

  it('gets the error in the reason phrase, without a quote of its request', async () => {
    const { ask, challenge, fakes } = await givenRelay(undo);
    const post = (body: string) => ask('/v1/challenge', { method: 'POST', body });
    const valid = { transactionId: newId(), gda: 'fcm:secret-token', challenge: 'lseqr://secret' };
    const cases: [string, number, string][] = [
      ['{"challenge": ', 400, 'The body is not JSON'],
      ['', 400, 'The body is not JSON'],
      ['[]', 400, 'Missing or wrong: body'],
      ['{}', 400, 'Missing or wrong: challenge'],
      [JSON.stringify({ challenge: { ...valid, transactionId: null } }), 400, 'Missing or wrong: challenge.transactionId'],
      [JSON.stringify({ challenge: { ...valid, transactionId: '1' } }), 400, 'Missing or wrong: challenge.transactionId'],
      [JSON.stringify({ challenge: { ...valid, gda: '' } }), 400, 'Missing or wrong: challenge.gda'],
      [JSON.stringify({ challenge: { ...valid, challenge: '' } }), 400, 'Missing or wrong: challenge.challenge'],
      [JSON.stringify({ challenge: { ...valid, challenge: 'x'.repeat(70_000) } }), 413, 'The body is too large'],
    ];
    for (const [body, status, reason] of cases) {
      const reply = await post(body);
      assert.deepEqual([reply.status, reply.reason], [status, reason]);
      assert.doesNotMatch(reply.text, /secret/);
    }
    const unknown = await challenge(newId(), 'DEADBEEF');
    assert.deepEqual([unknown.status, unknown.reason], [404, 'Unknown gda']);
    assert.deepEqual([(await ask('/v1/challenge')).status, (await ask('/v2')).status], [405, 404]);
    assert.equal(fakes.deliveries.length, 0);
  });

  it('may send more fields than LinOTP does, and bodies of 16 KiB', async () => {
    const { ask } = await givenRelay(undo, { push_provider: ['cs'] });
    const challenge = { transactionId: newId(), gda: 'DEADBEEF', challenge: 'x'.repeat(16_384), sound: 'ping' };
    assert.equal((await ask('/v1/challenge', { method: 'POST', body: JSON.stringify({ challenge, version: 2 }) })).status, 200);
  });

  it('is unknown without a certificate of its own', async () => {
    const { url, linotp, gateway } = await givenRelay(undo);
    const body = linotpBody(newId(), 'fcm:phone-1', 'x');
    await assert.rejects(linotpPost(`${url}/v1/challenge`, body, { ca: linotp.ca }));
    const plain = await askTls({ url: `${gateway.urls[0]}/v1/challenge`, method: 'POST', body });
    assert.deepEqual([plain.status, plain.reason], [401, 'Unknown auth server']);
  });

  it('is told that no provider accepted it, and may try again', async () => {
    const { fakes, challenge, gateway } = await givenRelay(undo);
    const id = newId();
    fakes.setFault({ fake: 'fcm', status: 503, times: 1 });
    const failed = await challenge(id, 'fcm:phone-1');
    assert.deepEqual([failed.status, failed.reason], [503, 'No provider took the push (fcm: server)']);
    assert.equal((await challenge(id, 'fcm:phone-1')).status, 200);
    assert.equal(fakes.deliveries.length, 1);
    // and no fault of the gateway is counted, since its alert would blame the store
    const metrics = await (await fetch(`${gateway.urls[0]}/metrics`)).text();
    assert.doesNotMatch(metrics, /pushgate_request_faults_total\{.*\} [^0]/);
    assert.match(metrics, /pushgate_relays_total\{auth_server="linotp",result="failed"\} 1/);
  });

  const hex = 'ab'.repeat(32);
  const unserved: readonly [what: string, providers: string[], gda: string, address: object | undefined, status: number, reason: string][] =
    [
      ['carries an address of', ['fcm'], `apns:${hex}`, undefined, 503, 'No provider took the push (none is for apns)'],
      [
        'was registered with an address of',
        ['fcm'],
        'DEADBEEF',
        { kind: 'apns', value: hex },
        503,
        'No provider took the push (none is for apns)',
      ],
      [
        'has two addresses of',
        ['poll'],
        `apns:${hex}`,
        { kind: 'fcm', value: 'x' },
        503,
        'No provider took the push (none is for fcm or apns)',
      ],
      ['has no address and no', ['fcm'], 'DEADBEEF', undefined, 404, 'Unknown gda'],
    ];
  for (const [what, push_provider, gda, address, status, reason] of unserved)
    it(`gets an error where a gda ${what} a kind that no provider of the plan serves: ${reason}`, async () => {
      const { put, challenge, fakes } = await givenRelay(undo, { push_provider });
      if (address) assert.equal((await put(gda, { address })).status, 200);
      const reply = await challenge(newId(), gda);
      assert.deepEqual([reply.status, reply.reason, fakes.deliveries.length], [status, reason, 0]);
    });

  it('loses its connection for failover, and only where every provider is down', async () => {
    const { fakes, challenge, url, linotp } = await givenRelay(undo, { whenDown: 'drop' });
    fakes.setFault({ fake: 'fcm', status: 503 });
    await assert.rejects(challenge(newId(), 'fcm:phone-1'), { code: 'ECONNRESET' });
    assert.deepEqual(await linotpPush({ urls: [`${url}/v1/challenge`], ...linotp }, newId(), 'fcm:phone-1', 'x'), {
      raised: 'AllResourcesUnavailable',
    });
    fakes.clearFaults();
    fakes.setFault({ fake: 'fcm', status: 403, reason: 'SENDER_ID_MISMATCH' });
    assert.equal((await challenge(newId(), 'fcm:phone-1')).status, 503);
  });

  it('gets no redirect, and a status below 400 only for an accepted push', async () => {
    for (const { reply_status = 200, success } of vectors.provider_reply_judgement)
      if (reply_status < 300 || reply_status >= 400) assert.equal(success, reply_status < 400);
    const { fakes, challenge } = await givenRelay(undo);
    fakes.setDevice({ address: 'gone', unregisteredSince: 1 });
    const statuses = [await challenge(newId(), 'fcm:phone-1'), await challenge(newId(), 'nobody'), await challenge(newId(), 'fcm:gone')];
    assert.deepEqual(
      statuses.map(({ status }) => status),
      [200, 404, 410],
    );
  });

  it('keeps working after a renewal of the certificate of the gateway, and after a wrong file in its place', async () => {
    const { challenge, gateway, folder, tls, url } = await givenRelay(undo);
    const { authority } = await testAuthority();
    const shown = async (): Promise<string> => {
      const seen = connect({ port: Number(new URL(url).port), host: 'localhost', ca: authority.certificate });
      await once(seen, 'secureConnect');
      const { subjectaltname = '' } = seen.getPeerCertificate();
      seen.destroy();
      return subjectaltname;
    };
    const reload = () => gateway.reload(loadConfig(join(folder, 'config.json'), {}));
    const next = await issueServerCertificate(authority, { hosts: ['localhost', 'next.example'], now: Date.now() });
    writeFileSync(tls.certificate, next.certificate + next.key);
    await reload();
    assert.match(await shown(), /next\.example/);
    writeFileSync(tls.certificate, next.certificate);
    await reload();
    assert.match(await shown(), /next\.example/);
    assert.equal((await challenge(newId(), 'fcm:phone-1')).status, 200);
  });

  it('leaves its trail, and its count in the metrics', async () => {
    const { challenge, gateway } = await givenRelay(undo);
    await challenge(newId(), 'fcm:phone-1');
    await gateway.settled();
    const metrics = await (await fetch(`${gateway.urls[0]}/metrics`)).text();
    assert.match(metrics, /pushgate_relays_total\{auth_server="linotp",result="sent"\} 1/);
    assert.match(metrics, /pushgate_push_attempts_total\{provider="fcm",outcome="sent",reason=""\} 1/);
    assert.match(metrics, /pushgate_listener_certificate_expiry_timestamp_seconds\{listener="localhost:0"\} \d+/);
  });
});
