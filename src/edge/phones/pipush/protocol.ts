import type { KeyObject } from 'node:crypto';
import type { Announced, AnswerMeaning, Offer, PhoneKeys, PhoneProtocol, Prompt, Sealed, SealTools } from '../../../engine/index.ts';
import { openCache } from '../../../foundation/cache/index.ts';
import { encodeBase32, sha256Hex } from '../../../foundation/crypto/index.ts';
import { type Challenge, ok, type PushToken, parseJson, type Result, refused } from '../../../foundation/model/index.ts';
import { rolloutUrl } from './rollout-url.ts';
import {
  addressString,
  answerDigest,
  answerString,
  capabilitiesString,
  challengeString,
  isSignedBy,
  pollString,
  readPhoneKey,
} from './signature.ts';
import { parseTimestamp } from './timestamp.ts';

/** A phone's announced capabilities: a JSON list of names. Not covered by a signature. */
type Announcement = { capabilities?: string | undefined };
/** A phone's message to finish a rollout. */
export type PipushRollout = Announcement & { pubkey: string; fbtoken: string };
/** A phone's answer as received. */
export type PipushAnswer = {
  nonce?: string | undefined;
  signature: string;
  decline: boolean;
  reason?: string | undefined;
  option?: string | undefined;
};
/** A phone's poll as received. */
export type PipushPoll = Announcement & { timestamp: string; signature: string };
/** A phone's new address as received. */
export type PipushAddressUpdate = Announcement & { address: string; timestamp: string; signature: string };

/** The phone protocol of the privacyIDEA and eduMFA apps. */
export type Pipush = PhoneProtocol<PipushRollout, PipushAnswer, PipushPoll, PipushAddressUpdate>;

/** Sent by phones instead of a Firebase address. */
const noAddress = 'no_firebase_token';
const nonceBytes = 20;
const smallestRsaKey = 2048;
/** Curves of 256 bits and more. */
const acceptedCurves = ['prime256v1', 'secp256k1', 'secp384r1', 'secp521r1', 'brainpoolP256r1', 'brainpoolP384r1', 'brainpoolP512r1'];
/** Both signatures and all texts must fit into one push of 4096 bytes. */
const titleLength = 128;
const questionLength = 512;
/** `capabilities` is sent as this exact text; the signature covers its canonical form. */
const capabilities = { text: '{"decline_reason": true}', value: { decline_reason: true } };

/**
 * Opens the protocol with a cache of the `cachedKeys` most recent phone keys. Flavours: `privacyidea`, `edumfa`
 * (eduMFA's legacy push token), `edupush`.
 * @see docs/protocols/privacyidea.md 3, 4, 5, 13
 */
export function openPipush(cachedKeys = 10_000): Pipush {
  const keys = openCache<KeyObject>(cachedKeys);
  const keyOf = ({ phonePublicKey }: PushToken): KeyObject | undefined => {
    if (phonePublicKey === undefined) return undefined;
    const key = keys.get(phonePublicKey) ?? readPhoneKey(phonePublicKey);
    if (key) keys.set(phonePublicKey, key);
    return key;
  };
  const isSigned = (token: PushToken, text: string, signature: string): boolean => {
    const key = keyOf(token);
    return key !== undefined && isSignedBy(key, text, signature);
  };
  return {
    name: 'pipush',
    serverKey: 'own',
    canPoll: true,
    answerUrl: 'push_registration_url',
    // eduMFA mounts enrol both its current and its legacy push token.
    flavourOf: ({ phone }) => (phone.flavour === 'privacyidea' ? 'privacyidea' : 'edumfa'),
    modes: ({ phone }) => (phone.flavour === 'privacyidea' ? ['confirm', 'presence', 'code'] : ['confirm']),
    offer,
    readRollout,
    newHandle,
    seal,
    readAnswer: (answer, challenge, token) => readAnswer(answer, challenge, token, isSigned),
    readPoll: ({ timestamp, signature, ...said }, token) =>
      isSigned(token, pollString(token.serial, timestamp), signature) ? announced(said, token) : undefined,
    readAddressUpdate({ address, timestamp, signature, ...said }, token) {
      const [text, at] = [addressString(address, token.serial, timestamp), parseTimestamp(timestamp)];
      if (at === undefined || !isSigned(token, text, signature)) return undefined;
      // Not of the signature: an EC key signs the same text differently each time.
      return { kind: 'fcm', value: address === noAddress ? null : address, at, digest: sha256Hex(text), ...announced(said, token) };
    },
  };
}

function offer({ serial, flavour, url, label, issuer, credential, lifeMs, sslVerify, pollOnly, extras }: Offer): string {
  const isPrivacyidea = flavour === 'privacyidea';
  const scheme = flavour === 'edupush' ? 'edumfa-push' : isPrivacyidea && extras.alternativeScheme ? 'pia' : 'otpauth';
  const unlock = extras.appUnlock ?? (extras.appPin ? 'pin' : undefined);
  return rolloutUrl({
    scheme,
    label,
    url,
    ttlMinutes: Math.round(lifeMs / 60_000),
    issuer,
    extras: [
      ['enrollment_credential', credential],
      ...(extras.image === undefined ? [] : [['image', extras.image] as const]),
      ['v', 1],
      ['serial', serial],
      ['sslverify', sslVerify ? '1' : '0'],
      ...(isPrivacyidea ? [['poll_only', pollOnly] as const] : []),
      ...(extras.appPin ? [['pin', true] as const] : []),
      ...(isPrivacyidea && unlock ? [['app_force_unlock', unlock] as const] : []),
    ],
  });
}

function readRollout({ pubkey, fbtoken, capabilities: names }: PipushRollout): Result<PhoneKeys, string> {
  const key = readPhoneKey(pubkey);
  if (!key) return refused('Invalid public key: expected a SubjectPublicKeyInfo in base64.');
  const { modulusLength: bits, namedCurve = '' } = key.asymmetricKeyDetails ?? {};
  const isEc = key.asymmetricKeyType === 'ec';
  if (isEc && !acceptedCurves.includes(namedCurve)) return refused('Invalid public key: expected a curve of at least 256 bits.');
  if (!isEc && (key.asymmetricKeyType !== 'rsa' || bits === undefined || bits < smallestRsaKey)) {
    return refused(`Invalid public key: expected RSA with at least ${smallestRsaKey} bits.`);
  }
  return ok({
    publicKey: key.export({ type: 'spki', format: 'der' }).toString('base64'),
    addresses: fbtoken === noAddress || fbtoken === '' ? [] : [{ kind: 'fcm', value: fbtoken }],
    capabilities: namesOf(names),
  });
}

/** eduMFA's apps announce no capabilities, whatever their messages contain. */
const announced = ({ capabilities: names }: Announcement, { phone }: PushToken): Announced => ({
  capabilities: phone.flavour === 'privacyidea' ? namesOf(names) : undefined,
});

/** The names in a JSON list; empty for any other content. */
function namesOf(text: string | undefined): string[] {
  const list = text === undefined ? undefined : parseJson(text);
  return Array.isArray(list) ? list.filter((name) => typeof name === 'string' && /^[a-z0-9_]{1,64}$/.test(name)).slice(0, 16) : [];
}

const newHandle = (randomBytes: SealTools['randomBytes']): string => encodeBase32(randomBytes(nonceBytes));

async function seal(token: PushToken, prompt: Prompt, { randomBytes, sign, handle }: SealTools): Promise<Sealed> {
  const nonce = handle ?? newHandle(randomBytes);
  const fields = {
    nonce,
    question: cut(prompt.question, questionLength),
    serial: token.serial,
    title: cut(prompt.title, titleLength),
    sslverify: prompt.sslVerify ? '1' : '0',
    url: prompt.url,
    ...(prompt.options ? { require_presence: prompt.options.join(','), version: '2' } : {}),
  };
  const signText = async (text: string): Promise<string> => encodeBase32(await sign(Buffer.from(text)));
  const [signature, second] = await Promise.all([
    signText(challengeString(fields)),
    prompt.tellsCapabilities && token.phone.flavour === 'privacyidea' ? signText(capabilitiesString(capabilities.value, nonce)) : undefined,
  ]);
  const claims = second === undefined ? {} : { capabilities: capabilities.text, capabilities_signature: second };
  return { handle: nonce, payload: JSON.stringify({ ...fields, signature, ...claims }) };
}

/** Cuts by code points, so that no surrogate pair is split. */
const cut = (text: string, length: number): string => (text.length <= length ? text : [...text].slice(0, length).join(''));

type IsSigned = (token: PushToken, text: string, signature: string) => boolean;

function readAnswer(answer: PipushAnswer, challenge: Challenge, token: PushToken, isSigned: IsSigned): AnswerMeaning | undefined {
  // eduMFA finds a challenge by its nonce; privacyIDEA ignores the sent nonce and tries the signature.
  if (token.phone.flavour !== 'privacyidea' && answer.nonce !== challenge.handle) return undefined;
  const { decline, signature } = answer;
  // eduMFA apps are offered no reasons and sign none.
  const reason = token.phone.flavour === 'privacyidea' ? answer.reason : undefined;
  // No option outside of presence mode: else the signature of a decline would fit a confirmation with the option
  // "decline".
  const option = challenge.mode === 'presence' ? answer.option : undefined;
  const text = answerString({
    nonce: challenge.handle,
    serial: token.serial,
    decline,
    reason,
    option,
  });
  if (!isSigned(token, text, signature)) return undefined;
  const meaning = { digest: answerDigest(text, signature), option };
  if (!decline) return { verdict: 'accepted', ...meaning };
  const declineReason = !reason ? 'declined' : reason === 'cancelled' ? 'cancelled' : 'not-me';
  return { verdict: 'declined', declineReason, ...meaning };
}
