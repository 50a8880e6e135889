import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { generateKeyPairSync, randomUUID } from 'node:crypto';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { Notification, Provider, type ProviderToken } from '@parse/node-apn';
import type { Fakes, FakesOptions } from '../../src/fakes/index.ts';
import { cleanup, temporaryFolder } from '../kit/temporary.ts';
import { connectProxy } from './connect-proxy.ts';
import { givenFakes } from './fakes-kit.ts';

describe('Widely used libraries', function () {
  this.timeout(60_000);
  const undo = cleanup();
  afterEach(() => undo.run());

  describe('@parse/node-apn against the fake of APNs', () => {
    const address = '0f'.repeat(32);

    const given = async (options: Partial<FakesOptions> = {}) => {
      const { fakes, exchanges } = await givenFakes(undo, options);
      const open = (token: Partial<ProviderToken> = {}, url = fakes.apns.productionUrl): Provider => {
        const { key, keyId, teamId } = fakes.apns;
        const provider = new Provider({
          token: { key, keyId, teamId, ...token },
          address: 'localhost',
          port: Number(new URL(url).port),
          ca: [fakes.ca],
          production: true,
        });
        undo.later(() => provider.shutdown());
        return provider;
      };
      return { fakes, exchanges, open };
    };
    const notification = (fakes: Fakes, more: object = {}): Notification =>
      Object.assign(new Notification({ aps: { alert: 'Log in?' } }), { topic: fakes.apns.topic, pushType: 'alert', ...more });
    const failure = async (provider: Provider, sent: Notification, device = address) => {
      const { failed } = await provider.send(sent, device);
      return [failed[0]?.status, failed[0]?.response?.reason];
    };

    it('delivers', async () => {
      const { fakes, open } = await given();
      const id = randomUUID();
      const { sent, failed } = await open().send(
        notification(fakes, { id, collapseId: 'c', priority: 10, expiry: 1_900_000_000 }),
        address,
      );
      assert.deepEqual([sent.map(({ device }) => device), failed], [[address], []]);
      assert.deepEqual(
        fakes.deliveries.map(({ id: given, headers, payload }) => [
          given,
          headers['apns-collapse-id'],
          headers['apns-expiration'],
          payload,
        ]),
        [[id, 'c', '1900000000', { aps: { alert: 'Log in?' } }]],
      );
    });

    it('delivers many at once over a connection that already worked', async () => {
      const { fakes, open } = await given();
      const provider = open();
      await provider.send(notification(fakes), address);
      const devices = Array.from({ length: 50 }, (_, index) => (index + 1).toString(16).padStart(64, '0'));
      const { sent, failed } = await provider.send(notification(fakes), devices);
      assert.deepEqual([sent.length, failed.length, fakes.deliveries.length], [50, 0, 51]);
    });

    it('reports dead, foreign and malformed addresses', async () => {
      const gone = '1a'.repeat(32);
      const foreign = '2b'.repeat(32);
      const { fakes, open } = await given({
        devices: [
          { address: gone, unregisteredSince: 1_700_000_000_000 },
          { address: foreign, environment: 'sandbox' },
        ],
      });
      const provider = open();
      assert.deepEqual(await failure(provider, notification(fakes), gone), [410, 'Unregistered']);
      assert.deepEqual(await failure(provider, notification(fakes), foreign), [400, 'BadDeviceToken']);
      assert.deepEqual(await failure(provider, notification(fakes), '0f'), [400, 'BadDeviceToken']);
      const sandbox = open({}, fakes.apns.sandboxUrl);
      assert.equal((await sandbox.send(notification(fakes), foreign)).sent.length, 1);
    });

    it('reports a wrong topic, a payload that is too large, and a key that is not the team’s', async () => {
      const { fakes, open } = await given();
      const provider = open();
      assert.deepEqual(await failure(provider, notification(fakes, { topic: 'com.other' })), [400, 'TopicDisallowed']);
      assert.deepEqual(await failure(provider, notification(fakes, { payload: { x: 'x'.repeat(4096) } })), [413, 'PayloadTooLarge']);
      const key = generateKeyPairSync('ec', { namedCurve: 'P-256' }).privateKey.export({ type: 'pkcs8', format: 'pem' }).toString();
      assert.deepEqual(await failure(open({ key }), notification(fakes)), [403, 'InvalidProviderToken']);
    });

    it('retries by itself after a 503', async () => {
      const { fakes, exchanges, open } = await given();
      fakes.setFault({ status: 503, times: 1 });
      const { sent } = await open().send(notification(fakes), address);
      assert.deepEqual([sent.length, exchanges.map(({ outcome }) => outcome)], [1, ['fault', 'taken']]);
    });
  });

  describe('firebase-admin against the fake of FCM', () => {
    type Sent = { message: object; dryRun?: boolean };
    type Outcome = { sent?: string; code?: string; message?: string };

    const given = async (options: Partial<FakesOptions> = {}) => {
      const { fakes, exchanges } = await givenFakes(undo, options);
      const proxy = await connectProxy(undo, fakes.fcm.url);
      const ca = join(temporaryFolder(undo), 'ca.pem');
      writeFileSync(ca, fakes.ca);
      const send = async (messages: Sent[], account: object = {}): Promise<Outcome[]> => {
        const env = { ...process.env, NODE_USE_ENV_PROXY: '1', HTTPS_PROXY: proxy.url, NO_PROXY: '', NODE_EXTRA_CA_CERTS: ca };
        const child = spawn(process.execPath, ['test/fakes/firebase-admin-peer.mjs'], { env, stdio: 'pipe' });
        const serviceAccount = JSON.stringify({ ...JSON.parse(fakes.fcm.serviceAccount), ...account });
        child.stdin.end(JSON.stringify({ serviceAccount, messages }));
        const [told, complaints] = await Promise.all([text(child.stdout), text(child.stderr)]);
        assert.notEqual(told, '', complaints);
        return JSON.parse(told);
      };
      return { fakes, exchanges, proxy, send };
    };

    it('gets its access token, delivers with it, and connects to no other host', async () => {
      const { fakes, exchanges, proxy, send } = await given();
      const message = {
        token: 'abc:APA91',
        data: { nonce: 'x' },
        notification: { title: 'ACME', body: 'Log in?' },
        android: { priority: 'high', ttl: 120_000, collapseKey: 'x', notification: { tag: 't', clickAction: 'a' } },
        apns: { headers: { 'apns-priority': '10' }, payload: { aps: { contentAvailable: true } } },
      };
      const [first, second] = await send([{ message }, { message: { token: 'dry' }, dryRun: true }]);
      assert.match(first?.sent ?? '', /^projects\/pushgate-fakes\/messages\/0:/, JSON.stringify(first));
      assert.equal(second?.sent, 'projects/pushgate-fakes/messages/fake_message_id');
      assert.deepEqual(
        exchanges.map(({ what }) => what),
        ['access token', 'sent', 'validated'],
      );
      assert.deepEqual(new Set(proxy.asked), new Set(['oauth2.googleapis.com:443', 'fcm.googleapis.com:443']));
      assert.deepEqual(fakes.deliveries[0]?.payload, {
        token: 'abc:APA91',
        data: { nonce: 'x' },
        notification: { title: 'ACME', body: 'Log in?' },
        android: { priority: 'high', ttl: '120s', collapse_key: 'x', notification: { tag: 't', click_action: 'a' } },
        apns: { headers: { 'apns-priority': '10' }, payload: { aps: { 'content-available': 1 } } },
      });
    });

    it('reports errors in the codes that its users know', async () => {
      const { send } = await given({
        devices: [
          { address: 'gone', unregisteredSince: 1 },
          { address: 'other', sender: 'other' },
        ],
      });
      const outcomes = await send([
        { message: { token: 'gone' } },
        { message: { token: 'other' } },
        { message: { token: 'no address!' } },
        { message: { token: 'big', data: { x: 'x'.repeat(4096) } } },
        { message: { token: 'reserved', data: { from: 'x' } } },
        { message: { token: 'fault:status=429' } },
        { message: { token: 'fault:status=401,reason=THIRD_PARTY_AUTH_ERROR' } },
      ]);
      assert.deepEqual(
        outcomes.map(({ code }) => code),
        [
          'messaging/registration-token-not-registered',
          'messaging/mismatched-credential',
          'messaging/invalid-argument',
          'messaging/invalid-argument',
          'messaging/invalid-argument',
          'messaging/message-rate-exceeded',
          'messaging/third-party-auth-error',
        ],
      );
    });

    it('reports a key that is not the account’s, and an unknown project', async () => {
      const { send } = await given();
      const key = generateKeyPairSync('rsa', { modulusLength: 2048 }).privateKey.export({ type: 'pkcs8', format: 'pem' }).toString();
      const [wrongKey] = await send([{ message: { token: 'x' } }], { private_key: key });
      const [wrongProject] = await send([{ message: { token: 'x' } }], { project_id: 'typo' });
      assert.match(wrongKey?.message ?? '', /Invalid JWT Signature/);
      assert.match(wrongProject?.message ?? '', /Requested entity was not found/);
    });
  });
});
