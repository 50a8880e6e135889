import assert from 'node:assert/strict';
import { generateKeyPairSync, verify } from 'node:crypto';
import { renameSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { SignJWT } from 'jose';
import { certificateAuthority } from '../kit/certificates.ts';
import { farSide } from '../kit/far-side.ts';
import { configText, unlimited } from '../kit/gateway.ts';
import { gatewayProcess } from '../kit/gateway-process.ts';
import { piClient } from '../kit/pi-client.ts';
import { piPhone } from '../kit/pi-phone.ts';
import { freePort } from '../kit/ports.ts';
import { cleanup, temporaryFolder } from '../kit/temporary.ts';

type Line = Record<string, unknown>;

describe('A credential that is replaced', function () {
  this.timeout(60_000);
  const undo = cleanup();
  afterEach(() => undo.run());

  /** A folder with files that a gateway reads, and the gateway in a process of its own that `start` runs there. */
  const given = () => {
    const folder = temporaryFolder(undo);
    const put = (name: string, text: string): void => {
      writeFileSync(join(folder, `${name}.new`), text);
      renameSync(join(folder, `${name}.new`), join(folder, name));
    };
    const start = async (more: object, address?: string) => {
      writeFileSync(join(folder, 'config.json'), configText({ more }, address));
      const gateway = await gatewayProcess(join(folder, 'config.json'));
      undo.later(() => gateway.end('SIGKILL'));
      const heard = async (event: string, count: number): Promise<Line | undefined> => {
        const line = new RegExp(`^.*"event":"${event}".*\n`, 'gm');
        await gateway.logged(line, count);
        return JSON.parse(gateway.output().err.match(line)?.[count - 1] ?? '');
      };
      return { ...gateway, heard };
    };
    return { folder, put, start };
  };

  it('is in use without a restart; a bad one is refused, and the old one stays', async () => {
    // given a gateway whose provider has a client certificate in a file, and a key behind a reference
    const { put, start } = given();
    const pem = (): string => {
      const { certificate, key } = certificateAuthority().issue();
      return certificate + key;
    };
    put('client.pem', pem());
    put('secret', 'a-secret-of-thirty-two-characters-or-more');
    const providers = [
      { name: 'cs', kind: 'challenge-service', config: { push_url: 'https://127.0.0.1:9/', access_certificate: 'client.pem' } },
      { name: 'hook', kind: 'webhook', config: { url: 'https://127.0.0.1:9/', signing_key: { $file: 'secret' } } },
      { name: 'poll', kind: 'poll-only', default: true, config: {} },
    ];
    const { heard, output } = await start({ providers });
    // when the certificate is replaced, then the secret
    put('client.pem', pem());
    await heard('configuration-reloaded', 1);
    put('secret', 'another-secret-of-thirty-two-characters');
    await heard('configuration-reloaded', 2);
    // then a bad certificate changes nothing, and the log says why
    put('client.pem', 'no certificate');
    const refused = await heard('configuration-refused', 1);
    assert.match(String(refused?.problems), /provider cs, config\.access_certificate: .*client\.pem/);
    put('client.pem', pem());
    await heard('configuration-reloaded', 3);
    assert.doesNotMatch(output().err, /another-secret/);
  });

  it('counts for callers and directories, too', async () => {
    // given an auth server, an issuer of JWTs and a directory, each with a file of its own
    const { put, start } = given();
    const keys = ['first', 'second'].map((name) => `${name}-key-0123456789abcdef0123456789`);
    const issuers = [1, 2].map(() => generateKeyPairSync('ec', { namedCurve: 'prime256v1' }));
    const publicKey = (index: number): string => issuers[index]?.publicKey.export({ type: 'spki', format: 'pem' }).toString() ?? '';
    put('api-key', `${keys[0]}\n`);
    put('issuer.pem', publicKey(0));
    put('ca.pem', certificateAuthority().certificate);
    put('bind', 'the-password');
    const ldap = { urls: 'ldaps://127.0.0.1:9', baseDn: 'dc=corp', ca: 'ca.pem', bindDn: 'cn=svc', bindPassword: { $file: 'bind' } };
    const issuer = { publicKey: { $file: 'issuer.pem' }, algorithm: 'ES256', role: 'validate', username: 'vpn', authServer: 'vpn' };
    const address = `127.0.0.1:${await freePort()}`;
    const more = {
      authServers: [{ name: 'vpn', mounts: ['/'], apiKeys: [{ $file: 'api-key' }] }],
      trustedJwts: [issuer],
      userSources: [{ name: 'ad', kind: 'ldap', config: ldap }],
    };
    const { heard } = await start(more, address);
    const check = async (credential: string | undefined): Promise<number> => {
      const body = new URLSearchParams({ user: 'alice', pass: 'x' });
      const headers = { authorization: `Bearer ${credential}` };
      return (await fetch(`http://${address}/validate/check`, { method: 'POST', body, headers })).status;
    };
    const jwt = (index: number): Promise<string> =>
      new SignJWT({ role: 'validate', username: 'vpn', realm: '', resolver: '' })
        .setProtectedHeader({ alg: 'ES256' })
        .setExpirationTime('1h')
        .sign(issuers[index]?.privateKey ?? new Uint8Array());
    assert.deepEqual([await check(keys[0]), await check(keys[1])], [200, 401]);
    assert.deepEqual([await check(await jwt(0)), await check(await jwt(1))], [200, 401]);
    // when each is replaced
    for (const [count, replace] of [
      () => put('api-key', `${keys[1]}\n`),
      () => put('issuer.pem', publicKey(1)),
      () => put('ca.pem', certificateAuthority().certificate),
      () => put('bind', 'another-password'),
    ].entries()) {
      replace();
      await heard('configuration-reloaded', count + 1);
    }
    // then the new ones are in use
    assert.deepEqual([await check(keys[0]), await check(keys[1])], [401, 200]);
    assert.deepEqual([await check(await jwt(0)), await check(await jwt(1))], [401, 200]);
    // and bad ones are not
    put('api-key', 'short');
    assert.match(String((await heard('configuration-refused', 1))?.problems), /authServers\[0\]\.apiKeys\[0\]: an API key has 24/);
    put('api-key', `${keys[1]}\n`);
    await heard('configuration-reloaded', 5);
    put('ca.pem', 'nothing');
    assert.match(String((await heard('configuration-refused', 2))?.problems), /user source ad, config\.ca: .*ca\.pem/);
    assert.equal(await check(keys[1]), 200);
  });

  it('is the key of the next push by Firebase, however its file was replaced', async () => {
    // given a Google that gives each key of a service account an access token of its own, and a phone at a gateway with the first key
    const { folder, put, start } = given();
    const keys = ['first', 'second', 'third', 'fourth'].map((id) => ({ id, ...generateKeyPairSync('rsa', { modulusLength: 2048 }) }));
    const signerOf = (assertion: string): string | undefined => {
      const [head = '', claims = '', signature = ''] = assertion.split('.');
      const isOf = (key: (typeof keys)[number]) =>
        verify('RSA-SHA256', Buffer.from(`${head}.${claims}`), key.publicKey, Buffer.from(signature, 'base64url'));
      return keys.find(isOf)?.id;
    };
    const grant = ({ body }: { body: string }) => {
      const access_token = `token-of-${signerOf(new URLSearchParams(body).get('assertion') ?? '')}`;
      return { kind: 'reply' as const, status: 200, body: JSON.stringify({ access_token, expires_in: 3600 }) };
    };
    const far = await farSide(undo, { sidePaths: { '/token': grant } });
    far.behave({ kind: 'reply', status: 200, body: '{"name":"projects/acme/messages/1"}' });
    const keyFile = (index: number): string =>
      JSON.stringify({
        type: 'service_account',
        project_id: 'acme',
        client_email: 'push@acme.example',
        private_key: keys[index]?.privateKey.export({ type: 'pkcs8', format: 'pem' }),
        token_uri: `${far.url}/token`,
      });
    put('ca.pem', far.ca);
    put('key.json', keyFile(0));
    const enrolment = { push_firebase_configuration: 'fcm', push_registration_url: 'https://mfa.example.com/ttype/push' };
    const address = `127.0.0.1:${await freePort()}`;
    const { heard, output } = await start(
      {
        providers: [{ name: 'fcm', kind: 'firebase', config: { service_account: { $file: 'key.json' }, api_url: far.url, ca: 'ca.pem' } }],
        policies: [unlimited, { name: 'enrol', scope: 'enrollment', actions: enrolment }],
      },
      address,
    );
    const client = piClient(`http://${address}`);
    const admin = await client.login('admin', /Password:\s+(\S+)/.exec(output().out)?.[1] ?? '');
    const { detail } = (await client.post('/token/init', { type: 'push', genkey: '1', user: 'alice', pin: '1234' }, admin)).body;
    const phone = piPhone(client, { serial: detail.serial, credential: detail.enrollment_credential, clock: Date.now });
    await phone.rollout({ fbtoken: 'a-device-address' });
    const keyOfNextPush = async (): Promise<unknown> => {
      await client.post('/validate/check', { user: 'alice', pass: '1234' });
      return far.requests.at(-1)?.headers.authorization;
    };
    assert.equal(await keyOfNextPush(), 'Bearer token-of-first');
    // when the file is replaced: by another, in place, and by a link as Kubernetes turns them
    const turnLink = (text: string): void => {
      put('later.json', text);
      symlinkSync('later.json', join(folder, 'link'));
      renameSync(join(folder, 'link'), join(folder, 'key.json'));
    };
    const ways = [(text: string) => put('key.json', text), (text: string) => writeFileSync(join(folder, 'key.json'), text), turnLink];
    for (const [index, replace] of ways.entries()) {
      replace(keyFile(index + 1));
      await heard('configuration-reloaded', index + 1);
      // then its key is in use, though the old access token is good for an hour
      assert.equal(await keyOfNextPush(), `Bearer token-of-${keys[index + 1]?.id}`);
    }
  });
});
