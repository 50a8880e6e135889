import assert from 'node:assert/strict';
import { generateKeyPairSync } from 'node:crypto';
import { once } from 'node:events';
import { writeFileSync } from 'node:fs';
import { createServer } from 'node:http';
import { type AddressInfo, connect } from 'node:net';
import { join } from 'node:path';
import { jwtVerify } from 'jose';
import { type ProviderHost, Secret } from '../../src/delivery/provider-kit/index.ts';
import { openLog } from '../../src/foundation/telemetry/index.ts';
import { givenHost, givenPush, providerConformance } from '../../test/delivery/provider-conformance.ts';
import { selfSigned } from '../../test/foundation/wire/self-signed.ts';
import { fakeClock, minutes } from '../../test/kit/clock.ts';
import { type Behaviour, type FarSide, farSide, type Seen } from '../../test/kit/far-side.ts';
import { type Cleanup, cleanup, temporaryFolder } from '../../test/kit/temporary.ts';
import firebase from './provider.ts';

const { privateKey, publicKey } = generateKeyPairSync('rsa', { modulusLength: 2048 });
const keyFile = (tokenUri: string) => ({
  type: 'service_account',
  project_id: 'acme-mfa',
  private_key_id: 'key-1',
  private_key: privateKey.export({ type: 'pkcs8', format: 'pem' }).toString(),
  client_email: 'gateway@acme-mfa.iam.gserviceaccount.com',
  token_uri: tokenUri,
});

const now = Date.UTC(2026, 2, 1, 10);
const push = givenPush({ address: { kind: 'fcm', value: 'fcm:device-address', since: 1 } });
const accepted: Behaviour = { kind: 'reply', status: 200, body: '{"name":"projects/acme-mfa/messages/0:1"}' };
const aToken = (token = 'token-1', expires_in = 3600): Behaviour => ({
  kind: 'reply',
  status: 200,
  body: JSON.stringify({ access_token: token, expires_in, token_type: 'Bearer' }),
});
const error = (status: number, code: string, more = {}) => ({
  status,
  body: JSON.stringify({
    error: { code: status, details: [{ '@type': 'type.googleapis.com/google.firebase.fcm.v1.FcmError', errorCode: code }], ...more },
  }),
});
const stale: Behaviour = { kind: 'reply', status: 401, body: '{"error":{"code":401,"status":"UNAUTHENTICATED","message":"expired"}}' };

const open = (undo: Cleanup, far: FarSide, config: Record<string, unknown> = {}, host: Partial<ProviderHost> = {}) => {
  const folder = temporaryFolder(undo);
  writeFileSync(join(folder, 'ca.pem'), far.ca);
  const service_account = new Secret(JSON.stringify(keyFile(`${far.url}/token`)));
  const parsed = firebase.config.parse({ service_account, api_url: far.url, ca: 'ca.pem', ...config });
  return firebase.open(parsed, givenHost(firebase, { path: (file) => join(folder, file), ...host }));
};

providerConformance('firebase', {
  open: (far, undo) => open(undo, far),
  openUntrusting: (far, undo) => open(undo, far, { ca: undefined }),
  push,
  ok: accepted,
  deadAddress: error(404, 'UNREGISTERED'),
  ourFault: error(400, 'INVALID_ARGUMENT'),
  throttled: error(429, 'QUOTA_EXCEEDED'),
  serverFault: error(503, 'UNAVAILABLE'),
  garbage: { status: 200, body: '<html>Sign in to the network</html>' },
  http2: true,
  sidePaths: { '/token': () => aToken() },
});

describe('The provider firebase', () => {
  const undo = cleanup();
  afterEach(() => undo.run());
  const soon = () => AbortSignal.timeout(5000);

  /**
   * A provider whose FCM accepts every push; the token endpoint issues token-1, token-2, … unless the test says
   * otherwise.
   */
  const given = async (config: Record<string, unknown> = {}, clock = Date.now) => {
    const asked: Seen[] = [];
    let answer = (): Behaviour => aToken(`token-${asked.length}`);
    const far = await farSide(undo, {
      sidePaths: {
        '/token': (request) => {
          asked.push(request);
          return answer();
        },
      },
    });
    far.behave(accepted);
    const provider = await open(undo, far, config, { clock });
    undo.later(() => provider.close());
    const deliver = (over = {}, signal = soon()) => provider.deliver({ ...push, ...over }, signal);
    const answerToken = (next: () => Behaviour) => {
      answer = next;
    };
    const bodyOf = (index = 0) => JSON.parse(far.requests[index]?.body ?? '') as { message: Record<string, unknown>; validate_only?: true };
    const bearers = () => far.requests.map(({ headers }) => headers.authorization);
    return { far, provider, deliver, asked, answerToken, bodyOf, bearers };
  };

  describe('sends', () => {
    it('to the project of the key file, as privacyIDEA does, or to the one that the configuration names', async () => {
      const { far, deliver, bodyOf } = await given();
      const other = await given({ project_id: 'acme-other' });
      await Promise.all([deliver(), other.deliver()]);
      const [request] = far.requests;
      assert.deepEqual([request?.method, request?.path], ['POST', '/v1/projects/acme-mfa/messages:send']);
      assert.equal(request?.headers['content-type'], 'application/json; UTF-8');
      assert.deepEqual([bodyOf().message.token, bodyOf().message.data], ['fcm:device-address', JSON.parse(push.payload)]);
      assert.equal(other.far.requests[0]?.path, '/v1/projects/acme-other/messages:send');
    });

    it('no data in opaque mode, and in a dry run only for validation', async () => {
      const { deliver, bodyOf } = await given({ mode: 'opaque', opaque_title: 'ACME', opaque_text: 'Open it.', dry_run: true });
      assert.equal((await deliver()).kind, 'sent');
      const { message, validate_only } = bodyOf();
      assert.deepEqual([message.data, message.notification, validate_only], [undefined, { title: 'ACME', body: 'Open it.' }, true]);
    });

    it('nothing when the payload is not that of a pipush phone', async () => {
      const { far, deliver } = await given();
      const outcome = await deliver({ payload: 'lseqr://push/AgAAAA' });
      assert.deepEqual([outcome.kind, outcome.reason, far.requests.length], ['rejected', 'message', 0]);
    });

    it('many pushes at once over the fewest connections, up to the limit', async () => {
      for (const [most, pushes, expected] of [
        [4, 1, 1],
        [4, 250, 3],
        [2, 250, 2],
      ] as const) {
        let opened = 0;
        const far = await farSide(undo, { sidePaths: { '/token': () => aToken() } });
        far.behave(accepted);
        const openHttp2 = (...way: Parameters<ReturnType<typeof givenHost>['openHttp2']>) => {
          opened += 1;
          return givenHost(firebase).openHttp2(...way);
        };
        const provider = await open(undo, far, { connections: most }, { openHttp2 });
        const outcomes = await Promise.all(Array.from({ length: pushes }, () => provider.deliver(push, soon())));
        assert.ok(outcomes.every(({ kind }) => kind === 'sent'));
        assert.deepEqual([far.requests.length, opened], [pushes, expected]);
        await provider.close();
      }
    });

    it('through the proxy, for the access token as for the push', async () => {
      const targets: string[] = [];
      const proxy = createServer().on('connect', ({ url }, client) => {
        targets.push(String(url));
        const [, port] = String(url).split(':');
        const target = connect(Number(port), '127.0.0.1', () => {
          client.write('HTTP/1.1 200 Connection established\r\n\r\n');
          target.pipe(client).pipe(target);
        });
        for (const socket of [client, target]) socket.on('error', () => undefined);
        undo.later(() => target.destroy());
      });
      proxy.listen(0, '127.0.0.1');
      await once(proxy, 'listening');
      undo.later(() => proxy.close());
      const { far, deliver } = await given({ proxy: `http://127.0.0.1:${(proxy.address() as AddressInfo).port}` });
      assert.equal((await deliver()).kind, 'sent');
      const { host } = new URL(far.url);
      assert.deepEqual(targets, [host, host]);
    });

    it('over plain http to a stand-in on this machine', async () => {
      const paths: string[] = [];
      const standIn = createServer((request, response) => {
        paths.push(String(request.url));
        request.resume().on('end', () => response.end('{"name":"projects/acme-mfa/messages/1"}'));
      }).listen(0, '127.0.0.1');
      await once(standIn, 'listening');
      undo.later(() => standIn.close());
      const { deliver } = await given({ api_url: `http://127.0.0.1:${(standIn.address() as AddressInfo).port}/fcm/` });
      assert.equal((await deliver()).kind, 'sent');
      assert.deepEqual(paths, ['/fcm/v1/projects/acme-mfa/messages:send']);
    });
  });

  describe('has an access token', () => {
    it('for messaging only, by a JWT that its key signed', async () => {
      const { deliver, asked, bearers, far } = await given({}, () => now);
      await deliver();
      const form = new URLSearchParams(asked[0]?.body);
      assert.equal(form.get('grant_type'), 'urn:ietf:params:oauth:grant-type:jwt-bearer');
      const { payload, protectedHeader } = await jwtVerify(form.get('assertion') ?? '', publicKey, { currentDate: new Date(now) });
      assert.deepEqual(protectedHeader, { alg: 'RS256', typ: 'JWT', kid: 'key-1' });
      assert.deepEqual(payload, {
        scope: 'https://www.googleapis.com/auth/firebase.messaging',
        iss: 'gateway@acme-mfa.iam.gserviceaccount.com',
        aud: `${far.url}/token`,
        iat: now / 1000,
        exp: now / 1000 + 3600,
      });
      assert.deepEqual(bearers(), ['Bearer token-1']);
    });

    it('once for many pushes, and a new one before it ends', async () => {
      const clock = fakeClock();
      const { deliver, asked, bearers } = await given({}, clock);
      await Promise.all([deliver(), deliver(), deliver()]);
      assert.equal(asked.length, 1);
      clock.advance(minutes(55));
      await deliver();
      while ((await deliver().then(() => bearers().at(-1))) !== 'Bearer token-2');
      assert.equal(asked.length, 2);
    });

    it('that is replaced when FCM refuses it, and the push is sent once again', async () => {
      const { far, deliver, asked, bearers } = await given();
      far.behave(stale, accepted);
      assert.equal((await deliver()).kind, 'sent');
      assert.deepEqual([bearers(), asked.length], [['Bearer token-1', 'Bearer token-2'], 2]);
    });

    it('that FCM always refuses: the push is sent twice, never more', async () => {
      const { far, deliver } = await given();
      far.behave(stale);
      const outcome = await deliver();
      assert.deepEqual([outcome.kind, outcome.reason, far.requests.length], ['rejected', 'credentials', 2]);
    });

    it('that is not replaced when the key of Apple is wrong', async () => {
      const { far, deliver, asked } = await given();
      far.behave({ kind: 'reply', ...error(401, 'THIRD_PARTY_AUTH_ERROR') });
      const outcome = await deliver();
      assert.deepEqual([outcome.kind, outcome.reason, far.requests.length, asked.length], ['rejected', 'configuration', 1, 1]);
    });

    const refusals: [what: string, answer: Behaviour, outcome: string, detail: RegExp][] = [
      [
        'refuses the key',
        { kind: 'reply', status: 400, body: '{"error":"invalid_grant"}' },
        'rejected credentials',
        /400 invalid_grant.*key/,
      ],
      ['forbids it', { kind: 'reply', status: 403 }, 'rejected credentials', /403/],
      ['is somewhere else', { kind: 'reply', status: 404 }, 'rejected configuration', /token_uri/],
      ['is broken', { kind: 'reply', status: 503 }, 'unavailable server', /503/],
      ['has had enough', { kind: 'reply', status: 429, headers: { 'retry-after': '5' } }, 'unavailable throttled', /429/],
      ['answers nonsense', { kind: 'reply', status: 200, body: '{}' }, 'unavailable garbage', /without an access token/],
      ['resets', { kind: 'reset' }, 'unavailable connection', /localhost/],
    ];
    for (const [what, answer, expected, detail] of refusals) {
      it(`or none, when the token endpoint ${what}: ${expected}`, async () => {
        const { far, deliver, answerToken } = await given();
        answerToken(() => answer);
        const outcome = await deliver();
        assert.equal(`${outcome.kind} ${outcome.reason}`, expected);
        assert.match('detail' in outcome ? (outcome.detail ?? '') : '', detail);
        assert.equal(far.requests.length, 0);
      });
    }

    it("or none because this machine's clock is wrong, with the difference in the error", async () => {
      const { deliver, answerToken } = await given({}, () => now);
      const headers = { date: new Date(now + minutes(10)).toUTCString() };
      answerToken(() => ({ kind: 'reply', status: 400, body: '{"error":"invalid_grant"}', headers }));
      assert.match(JSON.stringify(await deliver()), /clock is 600 s behind: set it/);
    });

    it('or none in time: the login ends with its deadline', async () => {
      const { deliver, asked, answerToken } = await given();
      const deadline = new AbortController();
      answerToken(() => {
        deadline.abort(new DOMException('late', 'TimeoutError'));
        return { kind: 'hang' };
      });
      const outcome = await deliver({}, deadline.signal);
      assert.deepEqual([outcome.kind, outcome.reason, asked.length], ['unavailable', 'timeout', 1]);
    });
  });

  describe('checks itself', () => {
    it('by a message that is only validated, with a fresh access token', async () => {
      const { far, provider, asked, bodyOf, deliver } = await given();
      await deliver();
      far.behave({ kind: 'reply', ...error(400, 'INVALID_ARGUMENT') });
      assert.deepEqual(await provider.check(soon()), { ok: true });
      assert.deepEqual([asked.length, bodyOf(1).validate_only, bodyOf(1).message.token], [2, true, 'pushgate-check']);
    });

    it('and reports what to do after a failure', async () => {
      const { far, provider, answerToken } = await given();
      far.behave({ kind: 'reply', status: 403, body: '{"error":{"status":"PERMISSION_DENIED"}}' });
      assert.match(JSON.stringify(await provider.check(soon())), /PERMISSION_DENIED: enable .* API/);
      answerToken(() => ({ kind: 'reply', status: 401, body: '{"error":"invalid_client"}' }));
      assert.match(JSON.stringify(await provider.check(soon())), /gave no access token: 401 invalid_client\. .*new key/);
    });
  });

  const wrong: [string, Record<string, unknown>, RegExp][] = [
    ['a key file that is not a reference', { service_account: 'secrets/fcm.json' }, /\$file/],
    ['plain http to elsewhere', { api_url: 'http://fcm.example' }, /https/],
    ['the name of a project for its id', { project_id: 'ACME MFA' }, /id of a project/],
    ['a mode that is none', { mode: 'silent' }, /opaque/],
    ['an unknown key', { serviceAccount: 'x' }, /serviceAccount/],
  ];
  for (const [what, config, message] of wrong) {
    it(`is refused ${what}`, () => {
      const { error: refused } = firebase.config.safeParse(config);
      assert.match(JSON.stringify(refused?.issues ?? ''), message);
    });
  }

  it('reports every unusable file by its path', async () => {
    const service_account = new Secret('{"type":"authorized_user"}');
    const parsed = firebase.config.parse({ service_account, ca: '/gone/ca.pem' });
    await assert.rejects(
      async () => firebase.open(parsed, givenHost(firebase)),
      (problem: Error) => /^service_account: .*authorized_user.*; ca: Cannot read .*gone/.test(problem.message),
    );
  });

  it("opens without a key file, and warns that Google's library ignores proxy and ca", async () => {
    const logged: string[] = [];
    const log = openLog('warn', { write: (line: string) => void logged.push(line) });
    for (const config of [{}, { proxy: 'http://proxy.example:3128' }]) {
      const provider = await firebase.open(firebase.config.parse(config), givenHost(firebase, { log }));
      await provider.close();
    }
    assert.deepEqual([logged.length, logged[0]?.includes('HTTPS_PROXY')], [1, true]);
  });

  it('has credentials that never expire', async () => {
    const { provider } = await given();
    assert.deepEqual(provider.expires(), []);
  });

  it('trusts the authorities of the system besides its own', async () => {
    const folder = temporaryFolder(undo);
    writeFileSync(join(folder, 'ca.pem'), selfSigned.cert);
    let trusted = '';
    const host = givenHost(firebase, {
      path: (file) => join(folder, file),
      openHttp: (options) => {
        trusted = options.ca ?? '';
        return givenHost(firebase).openHttp(options);
      },
    });
    const service_account = new Secret(JSON.stringify(keyFile('https://tokens.example')));
    const provider = await firebase.open(firebase.config.parse({ service_account, ca: 'ca.pem' }), host);
    await provider.close();
    assert.ok(trusted.includes(selfSigned.cert.trim()) && (trusted.match(/BEGIN CERTIFICATE/g) ?? []).length > 50);
  });
});
