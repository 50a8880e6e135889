import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { createHmac, generateKeyPairSync, timingSafeEqual, verify } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { type WebHook, webHookConfig } from '../../../../src/engine/outbox/web-hooks/config.ts';
import { hookSignature, readHookKey } from '../../../../src/engine/outbox/web-hooks/signature.ts';
import { hookPayloadText, openWebHooks } from '../../../../src/engine/outbox/web-hooks/target.ts';
import { Secret } from '../../../../src/foundation/settings/index.ts';
import { seconds } from '../../../kit/clock.ts';
import { type GatewayWishes, givenGateway } from '../../../kit/gateway.ts';
import { type HookReceiver, hookReceiver, type ReceivedHook } from '../../../kit/hook-receiver.ts';
import { cleanup } from '../../../kit/temporary.ts';

const secret = `whsec_${Buffer.alloc(32, 7).toString('base64')}`;
const older = `whsec_${Buffer.alloc(32, 8).toString('base64')}`;

describe('Web hooks', () => {
  const undo = cleanup();
  afterEach(() => undo.run());

  /** A gateway with one web hook to a receiver, and alice with her phone. */
  const given = async (hook: object = {}, wishes: GatewayWishes = {}) => {
    const receiver = await hookReceiver(undo);
    const usual = { name: 'billing', authServer: 'local', url: receiver.url, secret: { $env: 'HOOK' }, allowPrivate: true };
    const environment = { HOOK: secret, OLDER: older, ...wishes.environment };
    const gateway = await givenGateway(undo, { ...wishes, environment, more: { webHooks: [{ ...usual, ...hook }] } });
    return { receiver, ...gateway, phone: await gateway.phoneOf('alice') };
  };
  type Given = Awaited<ReturnType<typeof given>>;
  const finish = ({ client }: Given, id: string) => client.post('/validate/check', { user: 'alice', pass: '', transaction_id: id });
  const bodies = ({ received }: HookReceiver) => received.map(({ body }) => JSON.parse(body));

  it('tell of a login that was accepted and finished, in order, with ids that are the same each time', async () => {
    const login = await given();
    const { receiver, phone, clock } = login;
    const { id, nonce } = await login.challenge('alice', phone);
    const startedAt = clock();
    await phone.answer(nonce);
    await finish(login, id);
    await receiver.count(3);
    const { serial } = phone;
    const timestamp = new Date(startedAt).toISOString();
    assert.deepEqual(bodies(receiver), [
      { type: 'challenge.created', timestamp, data: { id, status: 'pending' } },
      { type: 'challenge.accepted', timestamp, data: { id, status: 'accepted', serial } },
      { type: 'challenge.consumed', timestamp, data: { id, status: 'consumed' } },
    ]);
    assert.deepEqual(
      receiver.received.map(({ headers }) => headers['webhook-id']),
      [`${id}:0`, `${id}:100`, `${id}:200`],
    );
  });

  for (const [what, told, reason] of [
    ['a decline', '', 'declined'],
    ['a report', 'unknown_trigger', 'not-me'],
  ] as const)
    it(`tell why a login was declined, for ${what}`, async () => {
      const login = await given({ events: ['challenge.declined'] });
      const { id, nonce } = await login.challenge('alice', login.phone);
      await login.phone.answer(nonce, { decline: true, reason: told });
      await login.receiver.count(1);
      assert.deepEqual(bodies(login.receiver)[0].data, { id, status: 'declined', serial: login.phone.serial, reason });
    });

  it('tell that a login expired when nothing else has ended it', async () => {
    const login = await given({ events: ['challenge.expired', 'challenge.consumed'] });
    const { receiver, clock, phone } = login;
    const finished = await login.challenge('alice', phone);
    await phone.answer(finished.nonce);
    await finish(login, finished.id);
    const { id } = await login.challenge('alice', phone);
    clock.advance(seconds(120));
    const { outbox } = await outboxOf(login);
    await outbox();
    await receiver.count(2);
    clock.advance(seconds(600));
    await outbox();
    assert.deepEqual(receiver.types(), ['challenge.consumed', 'challenge.expired']);
    assert.deepEqual(bodies(receiver)[1].data, { id, status: 'expired' });
  });

  it('get no events of other auth servers, and cost their logins nothing', async () => {
    const servers = ['local', 'shop'].map((name) => ({
      name,
      networks: name === 'local' ? ['127.0.0.0/8'] : ['192.0.2.0/24'],
      mounts: ['/'],
    }));
    const receiver = await hookReceiver(undo);
    const webHooks = [{ name: 'billing', authServer: 'shop', url: receiver.url, secret: { $env: 'HOOK' }, allowPrivate: true }];
    const gateway = await givenGateway(undo, { environment: { HOOK: secret }, more: { webHooks, authServers: servers } });
    const phone = await gateway.phoneOf('alice');
    const { id, nonce } = await gateway.challenge('alice', phone);
    await phone.answer(nonce);
    await gateway.client.post('/validate/check', { user: 'alice', pass: '', transaction_id: id });
    await gateway.gateway.settled();
    assert.deepEqual(receiver.received, []);
    const metrics = await (await fetch(`${gateway.gateway.urls[0]}/metrics`)).text();
    assert.match(metrics, /pushgate_store_operation_seconds_count\{op="addMessages",outcome="ok"\} 0/);
  });

  it('hold up no login, and no other login, while their receiver does not reply', async () => {
    const login = await given();
    const { receiver, phone, client, gateway } = login;
    receiver.reply({ status: 'hangs' });
    for (const _ of [1, 2]) {
      const { id, nonce } = await login.challenge('alice', phone);
      await phone.answer(nonce);
      const { body } = await client.post('/validate/check', { user: 'alice', pass: '', transaction_id: id });
      assert.equal(body.result.value, true);
    }
    await gateway.settled();
    // the first event of each login is under way, and the others wait for it
    await receiver.count(2);
    assert.deepEqual(receiver.types(), ['challenge.created', 'challenge.created']);
  });

  it('come again with the same id after a failure, and not after a 410', async () => {
    const login = await given({ events: ['challenge.created'] });
    const { receiver, clock, phone } = login;
    receiver.reply({ status: 500 }, { status: 302, headers: { location: receiver.url } }, { status: 410 });
    await login.challenge('alice', phone);
    await receiver.count(1);
    const { outbox, list } = await outboxOf(login);
    for (const wanted of [2, 3]) {
      await outbox();
      clock.advance(seconds(60));
      await outbox();
      await receiver.count(wanted);
    }
    await outbox();
    assert.equal(new Set(receiver.received.map(({ headers }) => headers['webhook-id'])).size, 1);
    assert.deepEqual(await list(), ['dead 410']);
    assert.ok(login.logged.some(({ event, target, error }) => event === 'message-dead' && target === 'hook:billing' && error === '410'));
  });

  it('do not go to private networks and to this machine, whatever the name resolves to, unless the configuration says so', async () => {
    const receiver = await hookReceiver(undo);
    const { hostname, port } = new URL(receiver.url);
    // `localhost` and the address itself are refused in the configuration already
    const hook: WebHook = {
      name: 'billing',
      authServer: 'shop',
      url: `http://${hostname}:${port}/`,
      secret: [new Secret(secret)],
      allowPrivate: false,
    };
    for (const [allowPrivate, end] of [
      [false, { kind: 'again', error: 'forbidden' }],
      [true, { kind: 'done' }],
    ] as const) {
      const { targets, close } = openWebHooks([{ ...hook, allowPrivate }], Date.now);
      undo.later(close);
      const payload = hookPayloadText('e1', '{}');
      const message = { id: 'm', authServer: 'shop', createdAt: 1, attempts: 1, payload };
      assert.deepEqual(await targets['hook:billing']?.send(message, AbortSignal.timeout(5000)), end);
    }
    assert.equal(receiver.received.length, 1);
  });

  for (const [what, over, message] of [
    ['a secret of another form', { secret: new Secret('topsecret') }, /begins with neither whsec_ \(HMAC\) nor whsk_/],
    ['a short secret', { secret: [new Secret('whsec_AAAA')] }, /24 to 64 bytes long/],
    ['an address of this machine', { url: 'http://localhost:8080/' }, /not a public address; set allowPrivate/],
    ['an address of a private network', { url: 'https://10.1.2.3/' }, /not a public address; set allowPrivate/],
    ['plain http', { url: 'http://shop.example.com/' }, /must begin with https/],
    ['a password in the URL', { url: 'https://me:geheim@shop.example.com/' }, /user or password/],
    ['an unknown event', { events: ['challenge.rejected'] }, /challenge\.created/],
  ] as const)
    it(`are refused with ${what}, without showing it`, () => {
      const usual = { name: 'billing', authServer: 'shop', url: 'https://shop.example.com/', secret: new Secret(secret) };
      assert.ok(webHookConfig.safeParse(usual).success);
      const refused = webHookConfig.safeParse({ ...usual, ...over });
      assert.ok(!refused.success);
      assert.match(refused.error.message, message);
      assert.doesNotMatch(refused.error.message, /topsecret|AAAA|geheim/);
    });

  it('never carry a PIN, a nonce or a text, and neither does what is stored', async () => {
    const login = await given();
    const { id, nonce } = await login.challenge('alice', login.phone);
    await login.phone.answer(nonce);
    await finish(login, id);
    await login.receiver.count(3);
    for (const { body } of login.receiver.received) assert.doesNotMatch(body, new RegExp(`1234"|${nonce}|alice`));
  });

  describe('are signed', () => {
    const one = async (hook: object, environment: Record<string, string> = {}): Promise<ReceivedHook> => {
      const login = await given({ events: ['challenge.created'], ...hook }, { environment });
      await login.challenge('alice', login.phone);
      await login.receiver.count(1);
      return login.receiver.received[0] ?? assert.fail();
    };
    const signedText = ({ headers, body }: ReceivedHook) => `${headers['webhook-id']}.${headers['webhook-timestamp']}.${body}`;

    it('as the page says, with the code that it has for Node and Python', async () => {
      const { headers: h, body } = await one({});
      const page = readFileSync('docs/webhooks.md', 'utf8');
      const blockOf = (language: string) => new RegExp(`\`\`\`${language}\n([\\s\\S]*?)\n\`\`\``).exec(page)?.[1] ?? assert.fail();
      const check = new Function('secret', 'h', 'body', 'createHmac', 'timingSafeEqual', `${blockOf('js')}; return isOurs;`);
      assert.deepEqual(
        [secret, older].map((key) => check(key, h, body, createHmac, timingSafeEqual)),
        [true, false],
      );
      assert.equal(check(secret, h, `${body} `, createHmac, timingSafeEqual), false);
      const input = JSON.stringify({ h, body, secret });
      const python = `import base64, hmac, json, sys\ng = json.load(sys.stdin)\nh, body, secret = g["h"], g["body"].encode(), g["secret"]\n${blockOf('python')}\nprint(is_ours)`;
      const { error, stdout, stderr } = spawnSync('python3', ['-c', python], { input, encoding: 'utf8' });
      if (!error) assert.equal(stdout.trim(), 'True', stderr);
    });

    it('as other senders of Standard Webhooks sign', () => {
      const key = readHookKey('whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw');
      assert.ok(key.ok);
      const hook = { id: 'msg_p5jXN8AQM9LWM0D4loKWxJek', timestamp: 1_614_265_330, body: '{"test": 2432232314}' };
      assert.equal(hookSignature([key.value], hook), 'v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=');
    });

    it('by each key while one is replaced, the first one first', async () => {
      const hook = await one({ secret: [{ $env: 'HOOK' }, { $env: 'OLDER' }] });
      const signatures = [7, 8].map((byte) => createHmac('sha256', Buffer.alloc(32, byte)).update(signedText(hook)).digest('base64'));
      assert.equal(hook.headers['webhook-signature'], signatures.map((each) => `v1,${each}`).join(' '));
    });

    it('by an Ed25519 key', async () => {
      const { publicKey, privateKey } = generateKeyPairSync('ed25519');
      const seed = Buffer.from(privateKey.export({ format: 'jwk' }).d ?? '', 'base64url');
      const hook = await one({ secret: { $env: 'ED' } }, { ED: `whsk_${seed.toString('base64')}` });
      const [, signature = ''] = /^v1a,(\S+)$/.exec(String(hook.headers['webhook-signature'])) ?? [];
      assert.equal(verify(null, Buffer.from(signedText(hook)), publicKey, Buffer.from(signature, 'base64')), true);
    });
  });

  /** Sends what is due, and lists the messages to the web hook, as an administrator does. */
  async function outboxOf({ gateway, client, admin }: Given) {
    return {
      async outbox() {
        await gateway.settled();
        await gateway.sendMessages();
      },
      async list(): Promise<string[]> {
        const { text } = await client.get('/ops/outbox', { target: 'hook:billing' }, admin);
        return JSON.parse(text).messages.map(({ state, lastError }: { state: string; lastError: string }) => `${state} ${lastError}`);
      },
    };
  }
});
