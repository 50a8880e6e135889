import assert from 'node:assert/strict';
import { once } from 'node:events';
import { type ClientHttp2Session, connect } from 'node:http2';
import { request as httpsRequest } from 'node:https';
import { connect as connectSocket } from 'node:net';
import { type FaultInput, hexAddress } from '../../src/fakes/index.ts';
import { testAuthority } from '../kit/authority.ts';
import { fakeClock } from '../kit/clock.ts';
import { cleanup } from '../kit/temporary.ts';
import { type Came, givenClient, givenFakes, jwt } from './fakes-kit.ts';

describe('Faults', () => {
  const undo = cleanup();
  afterEach(() => undo.run());

  /** The challenge service, which requires the least; HTTP/1.1 or HTTP/2. */
  const given = async (version: 1 | 2 = 1) => {
    const { fakes, exchanges } = await givenFakes(undo);
    const client = await givenClient(undo, version, { certificate: true });
    const [one = '', two = ''] = fakes.challengeService.urls;
    let last = 100_000_000_000;
    const post = (gda = 'DEADBEEF', { url = one, signal = AbortSignal.timeout(10_000) } = {}): Promise<Came> => {
      last += 1;
      const body = JSON.stringify({ challenge: { transactionId: String(last), gda, challenge: 'lseqr://push/A' } });
      return client({ url, headers: { 'content-type': 'application/json' }, body }, signal);
    };
    return { fakes, exchanges, one, two, post };
  };

  describe('in a device address', () => {
    const addresses: [address: string, status: number][] = [
      ['fault:status=503', 503],
      ['fault:status=429,retryAfter=7', 429],
      ['fault: status=500 , reason=Broken', 500],
      [hexAddress('fault:status=502'), 502],
      ['DEADBEEF', 200],
      ['default:status=503', 200],
    ];
    for (const [address, status] of addresses) {
      it(`make ${address} end with ${status}`, async () => {
        const { post } = await given();
        const reply = await post(address);
        assert.equal('status' in reply && reply.status, status);
      });
    }

    it('carry a wait and a reason', async () => {
      const { post } = await given();
      const reply = await post('fault:status=429,retryAfter=7,reason=Too many');
      assert.ok('status' in reply);
      assert.deepEqual([reply.headers['retry-after'], reply.reason], ['7', 'Too many']);
    });

    it('are an error when they are malformed', async () => {
      const { post } = await given();
      for (const address of ['fault:', 'fault:status=200', 'fault:status=503,hang', 'fault:explode', 'fault:hang=maybe']) {
        const reply = await post(address);
        assert.deepEqual('status' in reply && [reply.status, reply.reason], [400, 'unreadable fault address'], address);
      }
    });

    it('reach APNs in hex, the only form of its addresses', async () => {
      const clock = fakeClock();
      const { fakes } = await givenFakes(undo, { clock });
      const post = await givenClient(undo, 2);
      const device = hexAddress('fault:status=410');
      assert.match(device, /^[0-9a-f]{64}$/);
      const token = jwt(fakes.apns.key, { alg: 'ES256', kid: fakes.apns.keyId }, { iss: fakes.apns.teamId, iat: clock() / 1000 });
      const reply = await post({
        url: `${fakes.apns.sandboxUrl}/3/device/${device}`,
        headers: { authorization: `bearer ${token}` },
        body: '{}',
      });
      assert.deepEqual('status' in reply && JSON.parse(reply.body), { reason: 'Unregistered', timestamp: clock() });
    });
  });

  describe('set by a call', () => {
    it('happen as often as requested, in the order of the calls', async () => {
      const { fakes, post } = await given();
      fakes.setFault({ status: 503, times: 2 });
      fakes.setFault({ status: 500, times: 1 });
      const replies = [await post(), await post(), await post(), await post()];
      assert.deepEqual(replies.map(statusOf), [503, 503, 500, 200]);
    });

    it('happen until they are removed', async () => {
      const { fakes, post } = await given();
      fakes.setFault({ status: 503 });
      const before = [await post(), await post(), await post()];
      fakes.clearFaults();
      assert.deepEqual([...before, await post()].map(statusOf), [503, 503, 503, 200]);
    });

    it('happen to the given addresses and the given fake', async () => {
      const { fakes, post } = await given();
      fakes.setFault({ status: 503, match: 'DEAD*' });
      fakes.setFault({ status: 500, match: 'a.c' });
      fakes.setFault({ status: 502, fake: 'fcm' });
      const replies = [await post('DEADBEEF'), await post('BEEFDEAD'), await post('DEAD'), await post('abc'), await post('a.c')];
      assert.deepEqual(replies.map(statusOf), [503, 200, 503, 200, 500]);
    });

    it('are refused when they have no effect or two conflicting ones', async () => {
      const { fakes } = await given();
      for (const fault of [
        {},
        { match: '*' },
        { status: 200 },
        { status: 503, reset: true },
        { hang: true, goaway: true },
        { retryAfter: 1 },
      ])
        assert.throws(() => fakes.setFault(fault), /has no effect|one of|expected/, JSON.stringify(fault));
    });
  });

  for (const version of [1, 2] as const) {
    describe(`by HTTP/${version}`, () => {
      it('hang: no reply comes, nothing is accepted, the deadline of the caller ends it', async () => {
        const { fakes, exchanges, post } = await given(version);
        const reply = await post('fault:hang', { signal: AbortSignal.timeout(200) });
        assert.deepEqual(reply, { error: 'timeout' });
        assert.deepEqual([fakes.deliveries.length, exchanges.map(({ outcome, what }) => [outcome, what])], [0, [['fault', 'hang']]]);
      });

      it('reset: the connection is cut, the next one works', async () => {
        const { fakes, post } = await given(version);
        assert.deepEqual(await post('fault:reset'), { error: 'connection' });
        assert.equal(statusOf(await post()), 200);
        assert.equal(fakes.deliveries.length, 1);
      });

      it('delay: the acceptance is reported late', async () => {
        const { fakes, post } = await given(version);
        const taken = fakes.nextDelivery();
        // given a caller that gives up before the answer comes
        const reply = await post('fault:delayMs=60000', { signal: AbortSignal.timeout(300) });
        // then it does not know that its message was delivered
        assert.deepEqual(reply, { error: 'timeout' });
        assert.equal((await taken).address, 'fault:delayMs=60000');
        const started = performance.now();
        assert.equal(statusOf(await post('fault:delayMs=50')), 200);
        assert.ok(performance.now() - started >= 45);
      });

      it('delay before a failure: nothing is accepted', async () => {
        const { fakes, post } = await given(version);
        assert.equal(statusOf(await post('fault:delayMs=20,status=503')), 503);
        assert.deepEqual(fakes.deliveries, []);
      });

      it('survive a caller that has gone in the meantime', async () => {
        const { fakes, post } = await given(version);
        for (const fault of ['delayMs=100', 'delayMs=100,status=503', 'delayMs=100,goaway', 'delayMs=100,reset', 'slowBody=40', 'hang']) {
          assert.deepEqual(await post(`fault:${fault}`, { signal: AbortSignal.timeout(60) }), { error: 'timeout' }, fault);
          // A call that takes longer than all of them: their effects on the server have ended by then.
          assert.equal(statusOf(await post('fault:delayMs=150')), 200);
        }
        // An aborted request may have arrived or not; the later one has.
        assert.equal(fakes.deliveries.filter(({ address }) => address === 'fault:delayMs=150').length, 6);
      }).timeout(20_000);

      it('slow body: the head arrives, the body drips', async () => {
        const { post } = await given(version);
        assert.deepEqual(await post('fault:slowBody=60000', { signal: AbortSignal.timeout(300) }), { error: 'timeout' });
        const reply = await post('fault:slowBody=2,status=503');
        assert.deepEqual('status' in reply && [reply.status, reply.body], [503, 'Service Unavailable\n']);
      });
    });
  }

  describe('goaway', () => {
    const givenSession = async (url: string): Promise<ClientHttp2Session> => {
      const { authority, client } = await testAuthority();
      const session = connect(url, { ca: authority.certificate, cert: client.certificate, key: client.key });
      undo.later(() => session.destroy());
      session.on('error', () => undefined);
      return session;
    };

    it('sends an HTTP/2 client away, and reports its last stream as not processed', async () => {
      const { fakes, one } = await given();
      const session = await givenSession(one);
      const away = once(session, 'goaway');
      const body = (gda: string) => JSON.stringify({ challenge: { transactionId: '1'.repeat(12), gda, challenge: 'x' } });
      const post = (gda: string) => {
        const stream = session.request({ ':method': 'POST', ':path': '/v1/challenge', 'content-type': 'application/json' });
        stream.on('error', () => undefined);
        stream.end(body(gda));
        return stream;
      };
      const first = post('DEADBEEF');
      await once(first.resume(), 'end');
      const second = post('fault:goaway');
      const [code, lastStream, data] = await away;
      assert.deepEqual([code, lastStream, String(data)], [0, first.id, '{"reason":"Shutdown"}']);
      assert.ok((second.id ?? 0) > lastStream);
      assert.equal(fakes.deliveries.length, 1);
    });

    it('does no harm to a client that repeats unprocessed streams', async () => {
      const { fakes, post } = await given(2);
      await post();
      fakes.setFault({ goaway: true, times: 1 });
      assert.equal(statusOf(await post()), 200);
      assert.equal(fakes.deliveries.length, 2);
    });

    it('closes an HTTP/1.1 connection after the answer', async () => {
      const { one } = await given();
      const { authority, client } = await testAuthority();
      const sent = httpsRequest(one, {
        method: 'POST',
        ca: authority.certificate,
        cert: client.certificate,
        key: client.key,
        headers: { 'content-type': 'application/json' },
      });
      sent.end(JSON.stringify({ challenge: { transactionId: '1'.repeat(12), gda: 'fault:goaway', challenge: 'x' } }));
      const [reply] = await once(sent, 'response');
      assert.deepEqual([reply.statusCode, reply.headers.connection], [200, 'close']);
      reply.resume();
    });
  });

  describe('set by the control call', () => {
    const control = async (url: string, method: string, path: string, body?: unknown, headers: Record<string, string> = {}) => {
      const reply = await fetch(`${url}/__control/${path}`, { method, headers, ...(body !== undefined && { body: JSON.stringify(body) }) });
      return { status: reply.status, body: await reply.json() };
    };

    it('happen, are listed and can be removed', async () => {
      const { fakes, post } = await given();
      const fault: FaultInput = { fake: 'challenge-service', match: 'DEAD*', status: 503, retryAfter: 2, times: 5 };
      const ordered = await control(fakes.controlUrl, 'PUT', 'faults', fault);
      assert.deepEqual(ordered, { status: 200, body: { ...fault, endpoint: 'send' } });
      assert.equal(statusOf(await post()), 503);
      assert.deepEqual((await control(fakes.controlUrl, 'GET', 'faults')).body, [{ ...fault, endpoint: 'send', times: 4 }]);
      await control(fakes.controlUrl, 'DELETE', 'faults');
      assert.equal(statusOf(await post()), 200);
    });

    it('list the accepted messages, and clear them', async () => {
      const { fakes, post } = await given();
      await post();
      const shown = await control(fakes.controlUrl, 'GET', 'deliveries');
      assert.deepEqual(shown.body, JSON.parse(JSON.stringify(fakes.deliveries)));
      assert.equal(fakes.deliveries.length, 1);
      await control(fakes.controlUrl, 'DELETE', 'deliveries');
      assert.deepEqual(fakes.deliveries, []);
    });

    it('unregister a device, and register it again', async () => {
      const { fakes, post } = await given();
      await control(fakes.controlUrl, 'PUT', 'devices', { address: 'DEADBEEF', unregisteredSince: 1 });
      assert.equal(statusOf(await post()), 404);
      assert.deepEqual((await control(fakes.controlUrl, 'GET', 'devices')).body, [{ address: 'DEADBEEF', unregisteredSince: 1 }]);
      await control(fakes.controlUrl, 'DELETE', 'devices');
      assert.equal(statusOf(await post()), 200);
    });

    it('are refused with the reason, and always to pages in a browser', async () => {
      const { fakes } = await given();
      const wrong = await control(fakes.controlUrl, 'PUT', 'faults', { stauts: 503 });
      assert.equal(wrong.status, 400);
      assert.match(JSON.stringify(wrong.body), /stauts/);
      assert.equal((await control(fakes.controlUrl, 'PUT', 'faults', 'x')).status, 400);
      assert.equal((await control(fakes.controlUrl, 'GET', 'elsewhere')).status, 404);
      const page = await control(fakes.controlUrl, 'PUT', 'faults', { status: 503 }, { origin: 'https://page.example' });
      assert.equal(page.status, 403);
      assert.deepEqual((await control(fakes.controlUrl, 'GET', 'faults')).body, []);
    });
  });

  it('end with the fakes: hanging requests are cut', async () => {
    const { fakes, post } = await given();
    const hanging = post('fault:hang');
    const seen = post();
    await seen;
    await fakes.close();
    assert.deepEqual(await hanging, { error: 'connection' });
  });

  it('end with the fakes: connections without a finished handshake are cut, too', async () => {
    const { fakes, one, post } = await given();
    const socket = connectSocket(Number(new URL(one).port), '127.0.0.1');
    undo.later(() => void socket.destroy());
    await once(socket, 'connect');
    // One that came later has been answered, so this one has been seen.
    await post();
    await Promise.all([once(socket, 'close'), fakes.close()]);
  });
});

const statusOf = (reply: Came): number | string => ('status' in reply ? reply.status : reply.error);
