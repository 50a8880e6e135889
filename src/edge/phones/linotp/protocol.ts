import { createHash, type KeyObject } from 'node:crypto';
import type {
  AnswerMeaning,
  Offer,
  Pairing,
  PairingProtocol,
  PhoneProtocol,
  Prompt,
  Sealed,
  SealTools,
  SharedKey,
} from '../../../engine/index.ts';
import { openCache } from '../../../foundation/cache/index.ts';
import { rawPrivateKey, rawPublicKey, readSpki, verifyEd25519 } from '../../../foundation/crypto/index.ts';
import { type Challenge, GatewayFault, ok, type PushToken, type Result, refused } from '../../../foundation/model/index.ts';
import { linotpTexts } from '../../formats/linotp/index.ts';
import { type ChallengeContent, challengeText, challengeUrl, signatureIn } from './challenge-url.ts';
import { agreementKey, agreementSecret } from './curves.ts';
import { fromBase64 } from './encoding.ts';
import { openPairingResponse, type PairingContent, type PairingResponse } from './pairing-response.ts';
import { pairingUrl } from './pairing-url.ts';
import { type AnswerWord, answerDigest, answerText } from './signature.ts';
import { newTransactionId } from './transaction-number.ts';

/** A phone's answer as received. `transactionId` is the id of the challenge or of its transaction. */
export type LinotpAnswer = { transactionId: string; word: AnswerWord; signature: string };

/** The phone protocol of LinOTP's push token. */
export type Linotp = PhoneProtocol<never, LinotpAnswer, never, never> & PairingProtocol<PairingResponse>;

/** The scheme of all URLs, and the number of cached phone keys. */
export type LinotpOptions = { scheme: string; cachedKeys?: number };

/** Opens the protocol. @see docs/protocols/linotp.md 6 to 9 */
export function openLinotp({ scheme, cachedKeys = 10_000 }: LinotpOptions): Linotp {
  const keys = openCache<KeyObject>(cachedKeys);
  const keyOf = ({ phonePublicKey }: PushToken): KeyObject | undefined => {
    if (phonePublicKey === undefined) return undefined;
    const key = keys.get(phonePublicKey) ?? readSpki(phonePublicKey);
    if (key) keys.set(phonePublicKey, key);
    return key;
  };
  return {
    name: 'linotp',
    serverKey: 'shared',
    canPoll: false,
    answerUrl: 'pushtoken_challenge_callback_url',
    modes: () => ['confirm'],
    offer: (offer) => offerUrl(scheme, offer),
    readRollout: () => refused('a phone of LinOTP pairs'),
    newHandle,
    seal: (token, prompt, tools) => seal(scheme, token, prompt, tools),
    readAnswer(answer, challenge, token) {
      const key = keyOf(token);
      return key && readAnswer(answer, challenge, key);
    },
    readPoll: () => undefined,
    readAddressUpdate: () => undefined,
    partitionOf: ({ partition }) => partition,
    readPairing,
  };
}

function offerUrl(scheme: string, { serial, url, shared }: Offer): string {
  if (!shared) throw new GatewayFault('config-invalid', 'A push token of LinOTP needs the key of its partition');
  const { partition, publicKey } = shared;
  const text = pairingUrl({ scheme, tokenType: 'push', partition, publicKey, serial, callbackUrl: url });
  if (!text.ok) throw new GatewayFault('config-invalid', `No pairing URL can be made for ${serial}: ${text.error}`);
  return text.value;
}

const longestAddress = 4096;
const secrets = new WeakMap<SharedKey, KeyObject>();

function readPairing(response: PairingResponse, shared: SharedKey): Result<Pairing, string> {
  const secret = secrets.get(shared) ?? rawPrivateKey('x25519', agreementSecret(shared.seed));
  secrets.set(shared, secret);
  const opened = openPairingResponse(response, secret);
  if (!opened.ok) return opened;
  return opened.value.tokenType === 'push' ? pairingOf(response, opened.value) : refused('it is for a token of another type');
}

function pairingOf(
  { partition, sealed }: PairingResponse,
  { serial, gda, publicKey, tokenId }: Extract<PairingContent, { tokenType: 'push' }>,
): Result<Pairing, string> {
  const agreement = agreementKey(publicKey);
  if (!agreement) return refused('its key is not a valid signature key');
  if (Buffer.byteLength(gda) > longestAddress) return refused('its address is too long');
  return ok({
    serial,
    publicKey: rawPublicKey('ed25519', publicKey).export({ type: 'spki', format: 'der' }).toString('base64'),
    addressKind: 'gda',
    addresses: gda === '' ? [] : [{ kind: 'gda', value: gda }],
    capabilities: [],
    part: { partition: String(partition), tokenId: String(tokenId), agreementKey: agreement.toString('base64') },
    // Not of the key before it: several keys agree upon the same secret, so the same message could have different
    // forms.
    digest: createHash('sha256').update(sealed).digest('base64url'),
  });
}

const ephemeralBytes = 32;
const idBytes = 16;

const newHandle = (randomBytes: SealTools['randomBytes'], wish?: string): string => wish ?? newTransactionId(randomBytes(idBytes));

async function seal(scheme: string, { serial, phone }: PushToken, prompt: Prompt, tools: SealTools): Promise<Sealed> {
  const { tokenId, agreementKey: key } = phone.part;
  if (tokenId === undefined || key === undefined) throw new GatewayFault('config-invalid', `Push token ${serial} has not paired`);
  const handle = tools.handle ?? newHandle(tools.randomBytes);
  const callbackUrl = answerUrlOf(prompt.url);
  const text = challengeText({ content: contentOf(serial, prompt), transactionId: handle, callbackUrl, now: tools.now });
  if (!text.ok) throw new GatewayFault('config-invalid', `No challenge can be made for push token ${serial}: ${text.error}`);
  const parts = { scheme, tokenId: Number(tokenId), agreementKey: Buffer.from(key, 'base64'), sign: tools.sign };
  const url = await challengeUrl(text.value, { ...parts, ephemeral: tools.randomBytes(ephemeralBytes) });
  if (!url.ok) throw new GatewayFault('config-invalid', `No challenge can be made for push token ${serial}: ${url.error}`);
  return { handle, payload: url.value, clearText: text.value.toString('base64') };
}

/** Without a policy for the answer URL, answers go to the pairing server under their own path. */
const answerUrlOf = (url: string): string => url.replace(/\/validate\/pair$/, '/validate/accept_transaction');

function contentOf(serial: string, { shape, title, question, isExact }: Prompt): ChallengeContent {
  const limited = (text: string, most: number): string => (isExact ? text : cut(text, most));
  switch (shape) {
    case 'activation':
      return { kind: 'pairing', serial };
    case 'login':
      return { kind: 'login', login: limited(question, linotpTexts.login), host: limited(title, linotpTexts.host) };
    case 'question':
      return { kind: 'signreq', message: limited(question, linotpTexts.message) };
    default:
      return shape satisfies never;
  }
}

/** Cuts a text to a number of UTF-8 bytes, at a whole character. */
function cut(text: string, most: number): string {
  if (Buffer.byteLength(text) <= most) return text;
  let room = most;
  const kept = [...text].filter((character) => {
    room -= Buffer.byteLength(character);
    return room >= 0;
  });
  return kept.join('');
}

function readAnswer({ transactionId, word, signature }: LinotpAnswer, challenge: Challenge, key: KeyObject): AnswerMeaning | undefined {
  const { handle, payload, clearText } = challenge;
  // A challenge may be answered under its transaction's id.
  if (transactionId !== handle && transactionId !== handle.replace(/\.\d{2}$/, '')) return undefined;
  const [bytes, serverSignature] = [fromBase64(signature), signatureIn(payload)];
  if (!bytes || !serverSignature || clearText === undefined) return undefined;
  const text = answerText(word, serverSignature, Buffer.from(clearText, 'base64'));
  if (!verifyEd25519(key, text, bytes)) return undefined;
  const digest = answerDigest(text, bytes);
  return word === 'ACCEPT' ? { verdict: 'accepted', digest } : { verdict: 'declined', declineReason: 'declined', digest };
}
