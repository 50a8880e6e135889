import { randomBytes } from 'node:crypto';
import { equalText, sha256Hex } from '../../foundation/crypto/index.ts';
import {
  type DeviceAddress,
  GatewayFault,
  type Owner,
  ok,
  type PushToken,
  type PushTokenChange,
  type Result,
  refused,
} from '../../foundation/model/index.ts';
import { actOf } from '../audit/index.ts';
import { answerEnrolments } from '../decisions/enrolment-answer.ts';
import { limitedSource } from '../limits/index.ts';
import { type EngineParts, ownerNames } from '../parts.ts';
import { pinHashesOf } from '../people/person-key.ts';
import type { PhoneKeys, PhoneProtocol } from '../phones/phone-protocol.ts';
import type { TokenAction } from '../records/change-token.ts';
import { isSpokenBy } from '../records/phone-key.ts';
import { bucketOf } from '../records/shard-bucket.ts';
import { newCredential, type OfferRules, offerText } from './offer-text.ts';

/**
 * A push token to offer. `serial`: chosen by the caller; otherwise made from `serialPrefix`. The PIN is stored hashed.
 */
export type OfferRequest = {
  type: string;
  phone: { protocol: string; flavour: string };
  serialPrefix: string;
  /** Random bytes of a generated serial; more where the serial alone lets a phone pair. */
  serialBytes?: number | undefined;
  serial?: string | undefined;
  owner?: Owner | undefined;
  realms: string[];
  description: string;
  pin: string;
  /** The provider recorded with the push token; without one, only policies decide. */
  provider?: string | undefined;
  validFrom?: number | undefined;
  validUntil?: number | undefined;
  offer: OfferRules;
  /** Path of the mount that enrols it. */
  mount?: string | undefined;
  /** A login offers it, and removes it if no phone is bound. */
  inLogin?: boolean | undefined;
};

/** The offer for the user: the text of the QR code, and the credential in it. */
export type Offered = { token: PushToken; text: string; credential: string };

const maxAttempts = 5;

/**
 * Makes a push token that waits for its phone. Refuses with `serial-taken` if the caller's serial exists, and with
 * `too-long` if its text fits into no QR code. `act` records an administrator's offer; an offer during a login has an
 * event of its own.
 */
export async function offerRollout(
  parts: EngineParts,
  request: OfferRequest,
  act?: TokenAction,
): Promise<Result<Offered, 'serial-taken' | 'too-long'>> {
  const pinHash = request.pin === '' ? undefined : await parts.passwords.hash(request.pin, await pinHashesOf(parts, request.owner));
  const credential = newCredential();
  for (let attempt = 0; attempt < maxAttempts; attempt += 1) {
    const serial = request.serial ?? (await newSerial(parts, request));
    const token = offeredToken(parts, request, { serial, credential, pinHash });
    const text = await offerText(parts, request, { serial, credential });
    if (text === undefined) return refused('too-long');
    const noted = act?.noteFor(token);
    if ((await parts.store.addToken(token, noted?.note)) === 'added') {
      if (noted) act?.done(noted);
      return ok({ token, text, credential });
    }
    if (request.serial !== undefined) return refused('serial-taken');
  }
  throw new GatewayFault('store-unavailable', 'No free serial was found');
}

/**
 * `PIPU0001A2B3`: the number of tokens so far, then random upper-case hex digits, four by default. @see
 * docs/protocols/privacyidea.md 3.1
 */
async function newSerial({ store }: EngineParts, { serialPrefix, serialBytes = 2, type }: OfferRequest): Promise<string> {
  const count = String(await store.countTokens(type)).padStart(4, '0');
  return `${serialPrefix}${count}${randomBytes(serialBytes).toString('hex').toUpperCase()}`;
}

type Fresh = { serial: string; credential: string; pinHash: string | undefined };

function offeredToken({ clock, settings }: EngineParts, request: OfferRequest, { serial, credential, pinHash }: Fresh): PushToken {
  const { owner, validFrom, validUntil } = request;
  const now = clock();
  return {
    serial,
    bucket: bucketOf(serial, owner),
    version: 0,
    createdAt: now,
    type: request.type,
    ...(owner ? { owner } : {}),
    realms: request.realms,
    description: request.description,
    ...(validFrom === undefined ? {} : { validFrom }),
    ...(validUntil === undefined ? {} : { validUntil }),
    rollout: 'offered',
    enabled: false,
    revoked: false,
    failCount: 0,
    maxFail: settings.maxFailCount,
    ...(pinHash === undefined ? {} : { pinHash }),
    phone: { ...request.phone, part: {} },
    addresses: [],
    capabilities: [],
    ...(request.provider === undefined ? {} : { provider: request.provider }),
    registrationUrl: request.offer.url,
    ...(request.mount === undefined ? {} : { mount: request.mount }),
    rolloutCredential: { digest: sha256Hex(credential), expiresAt: now + request.offer.lifeMs },
    ...(request.inLogin ? { inLogin: true } : {}),
    loginCount: 0,
  };
}

/** A phone's rollout. `source`: the address that wrong credentials count against. */
export type RolloutRequest<R> = { serial: string; credential: string | undefined; rollout: R; source: string };

/** Why a rollout is refused; `keys` contains the protocol's reason for the phone's user. */
export type RolloutRefusal = { kind: 'not-waiting' | 'no-credential' | 'wrong-credential' } | { kind: 'keys'; reason: string };

/** {@link PushTokens.completeRollout}. */
export async function completeRollout<R>(
  parts: EngineParts,
  phone: PhoneProtocol<R>,
  request: RolloutRequest<R>,
): Promise<Result<{ serverPublicKey: string }, RolloutRefusal>> {
  for (let attempt = 0; attempt < maxAttempts; attempt += 1) {
    const token = await parts.store.findToken(request.serial);
    if (!token || !isSpokenBy(phone, token) || token.revoked) return refused({ kind: 'not-waiting' });
    const finished = repeated(parts, phone, token, request);
    if (finished) return ok({ serverPublicKey: finished });
    if (token.rollout !== 'offered') return refused({ kind: 'not-waiting' });
    if (request.credential === undefined) return refused({ kind: 'no-credential' });
    if (!equalText(sha256Hex(request.credential), token.rolloutCredential.digest)) {
      await parts.limits.failedOrThrow('rollout', limitedSource(request.source, token));
      return refused({ kind: 'wrong-credential' });
    }
    if (parts.clock() >= token.rolloutCredential.expiresAt) return refused({ kind: 'not-waiting' });
    const keys = phone.readRollout(request.rollout);
    if (!keys.ok) return refused({ kind: 'keys', reason: keys.error });
    const serverPublicKey = await bind(parts, token, { keys: keys.value, credential: request.credential, source: request.source });
    if (serverPublicKey) return ok({ serverPublicKey });
  }
  throw new GatewayFault('store-unavailable', `Push token ${request.serial} was changed by others ${maxAttempts} times in a row`);
}

const digestOf = (serial: string, credential: string, publicKey: string): string => sha256Hex(`${serial}\n${credential}\n${publicKey}`);

/** The server key for an exact repetition of a finished rollout within the repeat time. */
function repeated<R>(
  { clock, settings }: EngineParts,
  phone: PhoneProtocol<R>,
  token: PushToken,
  request: RolloutRequest<R>,
): string | undefined {
  const { finished } = token.rolloutCredential;
  if (token.rollout !== 'enrolled' || !finished || request.credential === undefined || clock() >= finished.at + settings.rolloutRepeatMs)
    return undefined;
  const keys = phone.readRollout(request.rollout);
  const digest = keys.ok ? digestOf(token.serial, request.credential, keys.value.publicKey) : '';
  return equalText(digest, finished.digest) ? token.serverKey?.publicKey : undefined;
}

/**
 * Writes the phone's keys, the server key and the state `enrolled` in one conditional update; undefined after a
 * conflict.
 */
async function bind(
  parts: EngineParts,
  token: PushToken,
  { keys, credential, source }: { keys: PhoneKeys; credential: string; source: string },
): Promise<string | undefined> {
  const { publicKey, privateKey } = await parts.keyStock.take();
  const now = parts.clock();
  const addresses: DeviceAddress[] = keys.addresses.map((address) => ({ ...address, since: now }));
  const act = enrolled(parts, source);
  const noted = act.noteFor(token);
  const change: PushTokenChange = {
    rollout: 'enrolled',
    enabled: true,
    phonePublicKey: keys.publicKey,
    serverKey: { publicKey, sealedPrivateKey: parts.serverKeys.seal(token.serial, privateKey) },
    addresses,
    capabilities: keys.capabilities,
    capabilitiesKnown: true,
    ...(token.inLogin ? { inLogin: null } : {}),
    rolloutCredential: { ...token.rolloutCredential, finished: { digest: digestOf(token.serial, credential, keys.publicKey), at: now } },
  };
  const isWritten = (await parts.store.changeToken(token.serial, token.version, change, noted?.note)) === 'changed';
  if (!isWritten) return undefined;
  if (noted) act.done(noted);
  if (token.inLogin) parts.background.run('enrolment', () => answerEnrolments(parts, token.serial));
  return publicKey;
}

/** The event of a phone bound to a push token. */
export const enrolled = (parts: EngineParts, client: string): TokenAction =>
  actOf(parts, (token) => ({ kind: 'phone-enrolled', serial: token.serial, client, ...ownerNames(token) }));
