import assert from 'node:assert/strict';
import { createECDH, createHash, createHmac } from 'node:crypto';
import type { Entry } from 'ldapts';
import { answerOf, outcomeOf } from '../../../providers/apns/outcomes.ts';
import { fromWire as fromChallengeService } from '../../../providers/challenge-service/outcomes.ts';
import { grantIn } from '../../../providers/firebase/key-file-grants.ts';
import { fromFcm, fromProbe, isStaleToken } from '../../../providers/firebase/outcomes.ts';
import { fromWire as fromWebhook } from '../../../providers/webhook/outcomes.ts';
import { encrypt } from '../../../providers/webpush/encryption.ts';
import { fromWire as fromWebPush } from '../../../providers/webpush/outcomes.ts';
import { type DeliveryOutcome, type HttpReply, readAddress, readSubscription } from '../../../src/delivery/provider-kit/index.ts';
import { userOf } from '../../../src/engine/users/ldap/entry.ts';
import { outcomeKinds } from '../../../src/foundation/model/index.ts';
import { decodeReply, encodeRequest } from '../../../src/foundation/wire/radius-packet.ts';
import { fieldBytes, fieldsOf, inputOf } from '../engine/mutate.ts';
import { type Parser, refused, taken } from '../engine/parser.ts';
import { headerText } from './fake-request.ts';
import { linotpVectors, now } from './seeds.ts';

const longest = 65_536;
const secret = 'radius-secret';
const authenticator = Buffer.alloc(16, 3);
const request =
  encodeRequest({ id: 7, authenticator, user: 'alice', password: '1234', nasIdentifier: 'pushgate' }, secret) ?? Buffer.alloc(0);
const proofBytes = 16;

const attribute = (kind: number, value: string | Buffer): Buffer => Buffer.concat([Buffer.of(kind, value.length + 2), Buffer.from(value)]);

/** A reply that was made with the secret for the request; `vouched` has a Message-Authenticator as its first attribute. */
function replyOf(code: number, attributes: Buffer, vouched = true): Buffer {
  const proof = vouched ? attribute(80, Buffer.alloc(proofBytes)) : Buffer.alloc(0);
  const packet = Buffer.concat([Buffer.of(code, 7, 0, 0), authenticator, proof, attributes]);
  packet.writeUInt16BE(packet.length & 0xffff, 2);
  if (vouched) createHmac('md5', secret).update(packet).digest().copy(packet, 22);
  createHash('md5').update(packet).update(secret).digest().copy(packet, 4);
  return packet;
}

const replies = (): Buffer[] => [
  replyOf(2, attribute(18, 'welcome')),
  replyOf(3, attribute(18, 'no')),
  replyOf(11, Buffer.concat([attribute(18, 'enter '), attribute(18, 'a code'), attribute(24, 'state')])),
  replyOf(2, attribute(18, 'old'), false),
];

const reply = (status: number, body: string | object, headers = '', reason = 'OK'): Buffer =>
  inputOf(String(status), reason, headers, typeof body === 'string' ? body : JSON.stringify(body));

function replyIn(input: Buffer): HttpReply {
  const [status = '', reason = '', retry = '', body = ''] = fieldsOf(input, 4);
  return {
    status: 100 + (Math.abs(Number.parseInt(status, 10) - 100 || 0) % 900),
    reason: headerText(Buffer.from(reason)),
    headers:
      retry === ''
        ? { 'content-type': 'application/json' }
        : { 'retry-after': headerText(Buffer.from(retry)), 'content-type': 'application/json' },
    body,
  };
}

const fcmErrors = [404, 400, 429, 503].map((code) =>
  reply(
    code,
    {
      error: {
        code,
        message: 'The registration token is not a valid FCM registration token',
        status: 'INVALID_ARGUMENT',
        details: [
          { '@type': 'type.googleapis.com/google.firebase.fcm.v1.FcmError', errorCode: code === 404 ? 'UNREGISTERED' : 'INVALID_ARGUMENT' },
          { '@type': 'type.googleapis.com/google.rpc.BadRequest', fieldViolations: [{ field: 'message.token' }] },
        ],
      },
    },
    code === 503 ? '30' : '',
  ),
);

const secrets = /[\r\n\0]/;

/** What every outcome of a delivery promises, whatever the far side said. */
function assertOutcome(outcome: DeliveryOutcome): void {
  assert.ok(outcomeKinds.includes(outcome.kind));
  if (outcome.kind === 'sent') return;
  assert.ok((outcome.detail ?? '').length <= 512 && !secrets.test(outcome.detail ?? ''), 'the far side writes into our log');
  const wait = outcome.kind === 'unavailable' ? outcome.retryAfterMs : undefined;
  assert.ok(wait === undefined || (Number.isFinite(wait) && wait >= 0), `a wait of ${wait}`);
}

const told = (outcome: DeliveryOutcome) => taken(outcome, outcome.kind === 'sent' ? 'sent' : `${outcome.kind}: ${outcome.reason}`);

const receiver = createECDH('prime256v1');
receiver.setPrivateKey(Buffer.alloc(32, 9));
const sender = createECDH('prime256v1');
sender.setPrivateKey(Buffer.alloc(32, 8));

/** Replies of those whom the gateway asks: push services, RADIUS, LDAP; and addresses of phones that somebody chose. */
export const farSides: readonly Parser[] = [
  {
    name: 'radius-reply',
    of: ['src/foundation/wire/radius-packet.ts'],
    longest: 8192,
    seeds: replies,
    open: () => {
      const signed = replies();
      return (input) => {
        const strict = decodeReply(input, { request, secret, requireMessageAuthenticator: true });
        const read = decodeReply(input, { request, secret, requireMessageAuthenticator: false });
        if (strict) assert.deepEqual(strict, read);
        if (!read) return refused();
        // What follows the packet in its datagram is padding.
        assert.ok(
          signed.some((each) => each.equals(input.subarray(0, each.length))),
          'nobody made that with our secret',
        );
        return taken(read, `${read.kind} ${strict !== undefined}`);
      };
    },
  },
  {
    // Made with our secret, whatever its attributes are.
    name: 'radius-attribute-list',
    of: ['src/foundation/wire/radius-packet.ts'],
    longest: 4040,
    seeds: () => [
      attribute(18, 'welcome'),
      Buffer.concat([attribute(24, 's'), attribute(18, '\u00e4'), attribute(80, Buffer.alloc(16))]),
      attribute(1, ''),
    ],
    open: () => (input) => {
      const ends = [2, 3, 11].map((code) => decodeReply(replyOf(code, input), { request, secret, requireMessageAuthenticator: true }));
      const [accept, ...others] = ends;
      assert.ok(others.every((each) => (each === undefined) === (accept === undefined)));
      return accept ? taken(ends, `${accept.message === ''} ${accept.state === undefined}`) : refused();
    },
  },
  {
    name: 'fcm-reply',
    of: ['providers/firebase/outcomes.ts', 'src/delivery/provider-kit/definition.ts'],
    longest,
    seeds: () => [reply(200, { name: 'projects/p/messages/1' }), ...fcmErrors, reply(401, ''), reply(302, '<html>')],
    open: () => (input) => {
      const given = replyIn(input);
      const outcome = fromFcm(given, 'fcm.example', now);
      assertOutcome(outcome);
      fromProbe(outcome);
      if (isStaleToken(given)) assert.notEqual(outcome.kind, 'sent');
      return told(outcome);
    },
  },
  {
    name: 'fcm-token-reply',
    of: ['providers/firebase/key-file-grants.ts'],
    longest,
    seeds: () => [
      reply(200, { access_token: 'ya29.a', expires_in: 3599 }),
      reply(400, { error: 'invalid_grant' }),
      reply(503, '', 'Sun, 01 Mar 2026 10:00:30 GMT'),
    ],
    open: () => (input) => {
      const granted = grantIn(replyIn(input), 'oauth2.example', { project: 'p', now, repliedAt: now });
      if (!granted.ok) {
        assertOutcome(granted.error);
        return refused(granted.error.kind);
      }
      assert.match(granted.value.token, /^[\x21-\x7e]+$/);
      assert.ok(granted.value.expiresAt > now && Number.isFinite(granted.value.expiresAt), String(granted.value.expiresAt));
      return taken(granted.value);
    },
  },
  {
    name: 'apns-reply',
    of: ['providers/apns/outcomes.ts'],
    longest,
    seeds: () => [
      reply(200, ''),
      reply(410, { reason: 'Unregistered', timestamp: now - 1000 }),
      reply(400, { reason: 'BadDeviceToken' }),
      reply(403, { reason: 'InvalidProviderToken' }),
      reply(429, { reason: 'TooManyRequests' }, '5'),
    ],
    open: () => (input) => {
      const outcome = outcomeOf({ ok: true, value: answerOf(replyIn(input)) }, { host: 'apns.example', now, since: now - 5000 });
      assertOutcome(outcome);
      return told(outcome);
    },
  },
  {
    name: 'push-reply',
    of: ['providers/challenge-service/outcomes.ts', 'providers/webhook/outcomes.ts', 'providers/webpush/outcomes.ts'],
    longest,
    seeds: () => [
      ...linotpVectors.provider_reply_judgement.map((each) => reply(each.reply_status, each.reply_body ?? '', '', each.reply_reason ?? '')),
      reply(200, { outcome: 'dead-address' }),
      reply(200, { outcome: 'unavailable' }, '99999999999999999999'),
      reply(429, '', 'Sun, 01 Mar 2026 10:00:30 GMT'),
    ],
    open: () => (input) => {
      const given = { ok: true, value: replyIn(input) } as const;
      const outcomes = [
        fromChallengeService(given, { url: 'https://cs.example/v1/challenge', failoverStatuses: [502, 503, 504], now }),
        fromWebhook(given, 'hook.example', now),
        fromWebPush(given, now),
      ];
      for (const outcome of outcomes) assertOutcome(outcome);
      return taken(outcomes, outcomes.map(({ kind }) => kind).join());
    },
  },
  {
    name: 'device-address',
    of: ['src/delivery/provider-kit/device-address.ts', 'src/delivery/provider-kit/subscription.ts', 'providers/webpush/encryption.ts'],
    longest: 8192,
    seeds: () => {
      const keys = { p256dh: receiver.getPublicKey('base64url'), auth: Buffer.alloc(16, 1).toString('base64url') };
      return [
        JSON.stringify({ endpoint: 'https://push.example/a?b=c', keys, expirationTime: null }),
        'https://up.example/UP?id=1',
        'http://push.example/',
        '<0123abcd 456789ef>',
        'fcm.EXAMPLE-device-token:APA91b',
      ].map((text) => Buffer.from(text));
    },
    open: () => (input) => {
      const text = input.toString();
      const reads = (['fcm', 'apns', 'webpush', 'gda'] as const).map((kind) => {
        const read = readAddress(kind, text);
        if (read.ok) assert.deepEqual(readAddress(kind, read.value), read, `the cleaned address is another one: ${kind}`);
        return read.ok ? read.value : '';
      });
      const subscription = readSubscription(text);
      if (!subscription)
        return reads.some((each) => each !== '') ? taken(reads, reads.map((each) => Number(each !== '')).join('')) : refused();
      const { endpoint, keys } = subscription;
      assert.ok(endpoint.protocol === 'https:' && endpoint.host !== '' && endpoint.username === '', endpoint.href);
      // Whatever was taken can be written to.
      if (keys) encrypt('payload', keys, { salt: Buffer.alloc(16), sender });
      return taken([reads, endpoint.href], `subscription ${keys !== undefined}`);
    },
  },
  {
    name: 'ldap-entry',
    of: ['src/engine/users/ldap/entry.ts'],
    longest: 16_384,
    seeds: () => [
      inputOf('uid=alice,dc=example', 'alice', 'e7c1-guid', 'Alice'),
      inputOf('cn=B\u00fcb', 'B\u00dcB', Buffer.alloc(16, 0xe4), ''),
    ],
    open: () => {
      const attributes = {
        username: 'uid',
        userid: 'objectGUID',
        givenname: 'givenName',
        surname: 'sn',
        email: 'mail',
        phone: 'dn',
        mobile: 'mobile',
        groups: 'memberOf',
      };
      return (input) => {
        const [dn = '', uid = '', , given = ''] = fieldsOf(input, 4);
        const id = fieldBytes(input, 4)[2] ?? Buffer.alloc(0);
        const entry: Entry = { dn, uid: [uid, given], objectGUID: id, givenname: given };
        const read = userOf(entry, { attributes, typed: uid.toUpperCase(), resolver: 'ldap' });
        if (!read.ok) return refused(read.error);
        assert.ok(read.value.dn !== '' && read.value.user.username !== '' && read.value.user.userid !== '');
        return taken(read.value, id.length === 16 ? 'GUID' : 'taken');
      };
    },
  },
];
