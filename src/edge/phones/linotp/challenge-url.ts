import { createCipheriv } from 'node:crypto';
import { agreeX25519, rawBytesOf, rawPrivateKey } from '../../../foundation/crypto/index.ts';
import { ok, type Result, refused } from '../../../foundation/model/index.ts';
import { fitsLinotp, type LinotpText } from '../../formats/linotp/index.ts';
import { keysOf } from './curves.ts';
import { fromBase64, nulText, toBase64Url, uint32 } from './encoding.ts';
import { transactionNumber } from './transaction-number.ts';

/** The content of a challenge: a message to confirm, the activation of a token, or a login at a host. */
export type ChallengeContent =
  | { kind: 'signreq'; message: string }
  | { kind: 'pairing'; serial: string }
  | { kind: 'login'; login: string; host: string };

/** A challenge in plaintext. `now` is epoch ms; the phone gets whole seconds. */
export type ChallengeText = { content: ChallengeContent; transactionId: string; callbackUrl: string; now: number };

const contentTypes: Record<ChallengeContent['kind'], number> = { signreq: 0, pairing: 1, login: 2 };

/**
 * Encodes the plaintext. Refuses texts that are too long or contain NUL, and an invalid transaction id.
 * @see docs/protocols/linotp.md 8.2
 */
export function challengeText({ content, transactionId, callbackUrl, now }: ChallengeText): Result<Buffer, string> {
  const texts = [...textsOf(content), ['callback', callbackUrl] as const];
  const wrong = texts.find(([name, text]) => !fitsLinotp(name, text));
  if (wrong) return refused(`${wrong[0]} is too long, or holds NUL`);
  const number = transactionNumber(transactionId);
  if (!number.ok) return number;
  const head = Buffer.alloc(17);
  head.writeUInt8(contentTypes[content.kind], 0);
  head.writeBigUInt64LE(number.value, 1);
  head.writeBigUInt64LE(BigInt(Math.floor(now / 1000)), 9);
  return ok(Buffer.concat([head, ...texts.map(([, text]) => nulText(text))]));
}

function textsOf(content: ChallengeContent): (readonly [LinotpText, string])[] {
  switch (content.kind) {
    case 'signreq':
      return [['message', content.message]];
    case 'pairing':
      return [['serial', content.serial]];
    case 'login':
      return [
        ['login', content.login],
        ['host', content.host],
      ];
    default:
      return content satisfies never;
  }
}

/**
 * The inputs for sealing a challenge: the phone's X25519 key, 32 random bytes, and the partition's signature function.
 */
export type ChallengeSeal = {
  scheme: string;
  tokenId: number;
  agreementKey: Uint8Array;
  ephemeral: Uint8Array;
  sign: (data: Uint8Array) => Promise<Uint8Array>;
};

const version = 2;
const signatureBytes = 64;

/**
 * The URL to push: encrypted for the phone, signed by the gateway. Refuses a phone key that does not allow key
 * agreement.
 * @see docs/protocols/linotp.md 8.1
 */
export async function challengeUrl(
  text: Uint8Array,
  { scheme, tokenId, agreementKey, ephemeral, sign }: ChallengeSeal,
): Promise<Result<string, string>> {
  const secret = rawPrivateKey('x25519', ephemeral);
  const shared = agreeX25519(secret, agreementKey);
  if (!shared) return refused('the key of the phone does not allow key agreement');
  const { key, nonce } = keysOf(shared);
  const cipher = createCipheriv('aes-128-ctr', key, nonce);
  const data = Buffer.concat([Buffer.of(version), uint32(tokenId), rawBytesOf(secret), cipher.update(text), cipher.final()]);
  return ok(`${scheme}://push/${toBase64Url(Buffer.concat([data, await sign(data)]))}`);
}

/** The gateway's signature in a URL of its own. */
export function signatureIn(url: string): Buffer | undefined {
  const bytes = fromBase64(url.slice(url.lastIndexOf('/') + 1));
  return bytes && bytes.length > signatureBytes ? bytes.subarray(-signatureBytes) : undefined;
}
