import assert from 'node:assert/strict';
import { once } from 'node:events';
import { createServer, type ServerResponse } from 'node:http';
import { openConnectionGate, openListener, type Route } from '../../src/edge/http/index.ts';
import { openRequestBounds } from '../../src/edge/http/under-way.ts';
import { openShedding } from '../../src/engine/limits/index.ts';
import { Overloaded } from '../../src/foundation/model/index.ts';
import { openLog, openMetrics } from '../../src/foundation/telemetry/index.ts';
import { type GivenGateway, givenGateway, mountsOfAll } from '../kit/gateway.ts';
import { cheapParts } from '../kit/prepared-keys.ts';
import { cleanup } from '../kit/temporary.ts';

const relayed = JSON.stringify({ challenge: { transactionId: '41234567890123456', gda: 'somebody', challenge: 'x' } });
const form = 'application/x-www-form-urlencoded';

describe('An overloaded gateway', () => {
  const undo = cleanup();
  const loginQueue = { slots: 4, waiting: 4, longestMs: 2000 };
  let given: GivenGateway;
  before(async () => {
    given = await givenGateway(undo, { mounts: mountsOfAll, parts: { ...cheapParts, loginQueue } });
  });
  beforeEach(() => void Object.assign(loginQueue, { slots: 4, waiting: 4 }));
  after(() => undo.run());
  const isFull = () => void Object.assign(loginQueue, { slots: 0, waiting: 0 });

  const shown = async (series: RegExp): Promise<number> => {
    const text = await (await fetch(`${given.gateway.urls[0]}/ops/metrics`)).text();
    return text
      .split('\n')
      .filter((line) => series.test(line))
      .reduce((sum, line) => sum + Number(line.split(' ').at(-1)), 0);
  };
  /** Store queries about users and push tokens: one precedes the hash of a PIN. */
  const operations = () =>
    shown(/^pushgate_store_operation_seconds_count\{.*op="(findToken|tokensOf|findDevice|addTransaction|countUp)".*\} \d+$/);

  /** `says`: what stands in the reply, in the words of the dialect. */
  for (const { path, says, body = 'user=alice&pass=1234&data=x', type = form } of [
    {
      path: '/validate/check',
      says: /"status":false,"error":\{"code":-500,"message":"This gateway has too much to do; try again in \d+ sec/,
    },
    { path: '/validate/samlcheck', says: /"code":-500/ },
    { path: '/validate/radiuscheck', says: /"code":-500/ },
    { path: '/validate/triggerchallenge', says: /"code":-500/ },
    { path: '/auth', says: /"code":-500/, body: 'username=admin&password=guess' },
    {
      path: '/radius/authenticate',
      says: /"code":-500/,
      body: '{"User-Name":{"value":["alice"]},"User-Password":{"value":["1"]}}',
      type: 'application/json',
    },
    { path: '/edumfa/validate/check', says: /"code":-500.*"version":"eduMFA/ },
    { path: '/linotp/validate/check', says: /"value": false/ },
    { path: '/linotp/validate/check_s', says: /"value": false/, body: 'serial=LSQR1&pass=1234&data=x' },
    { path: '/linotp/validate/simplecheck', says: /^:-\($/ },
    { path: '/cs/v1/challenge', says: /^This gateway has too much to do/, body: relayed, type: 'application/json' },
  ])
    it(`gives a retry time at ${path}, in the format of its callers, without a store query`, async () => {
      isFull();
      const before = await operations();
      const headers = { ...given.admin, 'content-type': type };
      const reply = await fetch(`${given.gateway.urls[0]}${path}`, { method: 'POST', body, headers });
      const text = await reply.text();
      assert.equal(reply.status, 503, text);
      assert.ok(Number(reply.headers.get('retry-after')) >= 1);
      assert.match(text, says);
      assert.equal(await operations(), before);
    });

  it('still accepts the answers of phones, and finishes started logins', async () => {
    // given a login that has begun
    const { client, phoneOf, challenge } = given;
    const phone = await phoneOf('bert');
    const { id, nonce } = await challenge('bert', phone);
    // when no other one is taken
    isFull();
    assert.equal((await client.post('/validate/check', { user: 'bert', pass: '1234' })).status, 503);
    // then its phone can ask and answer, and it is finished
    assert.equal((await phone.poll()).status, 200);
    assert.equal((await phone.answer(nonce)).body.result.value, true);
    const finished = await client.post('/validate/check', { user: 'bert', pass: '', transaction_id: id });
    assert.equal(finished.body.result.authentication, 'ACCEPT');
  });

  it('counts refusals by auth server, and logs one warning for all of them', async () => {
    isFull();
    const before = await shown(/^pushgate_requests_shed_total\{auth_server="local",reason="queue"\}/);
    for (let each = 0; each < 3; each += 1) await given.client.post('/validate/check', { user: 'alice', pass: '1' });
    assert.equal(await shown(/^pushgate_requests_shed_total\{auth_server="local",reason="queue"\}/), before + 3);
    const told = given.logged.filter(({ event }) => event === 'overload-began');
    assert.equal(told.length, 1);
    const lines = given.logged.filter(({ level, status }) => status === 503 && level !== 'debug');
    assert.deepEqual(lines, []);
  });
});

describe('An auth server whose pushes hang', () => {
  const undo = cleanup();
  afterEach(() => undo.run());

  it('delays no login of another one, although they share one slot', async () => {
    // given a push service that takes pushes and says nothing
    const hanging: ServerResponse[] = [];
    const service = createServer((request, response) => {
      request.resume();
      hanging.push(response);
    }).listen(0, '127.0.0.1');
    await once(service, 'listening');
    undo.later(() => {
      service.closeAllConnections();
      service.close();
    });
    const address = service.address();
    const url = `http://127.0.0.1:${typeof address === 'object' ? address?.port : ''}/`;
    const server = (name: string) => ({ name, apiKeys: [{ $env: name }], mounts: ['/'] });
    const [slow, quick] = ['slow-server-key-of-24-or-more', 'quick-server-key-of-24-or-more'];
    const { client, phoneOf } = await givenGateway(undo, {
      mounts: [
        { path: '/', serves: 'privacyidea' },
        { path: '/cs', serves: 'challenge-service' },
      ],
      environment: { slow, quick, hook: 'a key that the receiver knows as well' },
      settings: { deliveryDeadlineMs: 30_000 },
      policies: [{ name: 'hangs', scope: 'authentication', match: { authServer: ['slow'] }, actions: { push_provider: ['hook'] } }],
      more: {
        authServers: [server('slow'), server('quick')],
        providers: [
          { name: 'poll', kind: 'poll-only', default: true, config: {} },
          { name: 'hook', kind: 'webhook', config: { url, signing_key: { $env: 'hook' }, timeout: '30,30' } },
        ],
      },
      parts: { ...cheapParts, loginQueue: { slots: 1, waiting: 8, longestMs: 2000 } },
    });
    await phoneOf('alice', {}, 'fcm-address-of-alice');
    await phoneOf('bert');
    const logIn = (user: string, key: string) => client.post('/validate/check', { user, pass: '1234' }, { 'x-api-key': key });
    const done: string[] = [];
    // when logins of the one wait for it
    const slowOnes = Array.from({ length: 2 }, () => logIn('alice', slow).then(({ text }) => void done.push(text)));
    const ended = Promise.any(slowOnes).then(() => assert.fail(done[0]));
    while (hanging.length < 2) await Promise.race([new Promise(setImmediate), ended]);
    // then the other one works as before
    assert.equal((await logIn('bert', quick)).body.result.authentication, 'CHALLENGE');
    assert.deepEqual(done, []);
    for (const response of hanging) response.end();
    await Promise.all(slowOnes);
  });
});

describe('A listener at its limit of requests', () => {
  const undo = cleanup();
  afterEach(() => undo.run());

  it('refuses the next one unread, except for probes', async () => {
    const metrics = openMetrics('test');
    const tell = () => undefined;
    let release = (): void => undefined;
    const held = new Promise<void>((resolve) => {
      release = resolve;
    });
    let begun = 0;
    const wait: Route = {
      path: '/wait',
      methods: ['POST'],
      async handle(ctx) {
        begun += 1;
        await held;
        ctx.body = 'done';
      },
    };
    const probe: Route = { path: '/livez', methods: ['GET'], handle: (ctx) => void Object.assign(ctx, { body: 'alive' }) };
    const fallback = {
      notFound: () => undefined,
      methodNotAllowed: () => undefined,
      error: (ctx: { status: number }, error: unknown) => {
        ctx.status = 503;
        return !(error instanceof Overloaded);
      },
    };
    const bounds = { connections: 100, connectionsPerNetwork: 0, halfSentRequests: 100 };
    const underWay = openRequestBounds({ most: () => 2, metrics, refuse: openShedding(metrics, tell) });
    const listener = await openListener({
      address: '127.0.0.1:0',
      mounts: [
        { path: '/', dialect: 'test', routes: [wait], fallback },
        { path: '/', dialect: 'ops', routes: [probe], fallback },
      ],
      log: openLog('silent'),
      metrics,
      draining: { now: false },
      gate: { ...openConnectionGate({ bounds, metrics, tell }), underWay },
    });
    undo.later(() => listener.close(0));
    const ask = () => fetch(`${listener.url}/wait`, { method: 'POST', body: 'x'.repeat(1000) });
    // given as many as it takes
    const taken = [ask(), ask()];
    while (begun < 2) await new Promise(setImmediate);
    // when one more comes, then it gets a retry time, and a probe is answered
    const refused = await ask();
    assert.deepEqual([refused.status, refused.headers.get('retry-after'), begun], [503, '2', 2]);
    assert.equal(await (await fetch(`${listener.url}/livez`)).text(), 'alive');
    // and when they are done there is room again
    release();
    assert.deepEqual(await Promise.all(taken.map(async (reply) => (await reply).status)), [200, 200]);
    assert.equal((await ask()).status, 200);
  });
});
