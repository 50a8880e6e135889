import { createPrivateKey, createPublicKey, type KeyObject, sign } from 'node:crypto';
import { hex, type LinotpVectors } from '../../edge/phones/linotp/vectors.ts';
import { readVectors } from '../../kit/vectors.ts';

type PiSection = {
  keys: { server_private_pkcs1_pem: string; phone_private_pkcs8_pem: string; phone_public_spki_base64: string };
  phone_signatures: { kind: string; signed_string: string; signature: string; form: Record<string, string> }[];
  negative_signatures: { signature: string }[];
  public_key_forms: { cases: { pubkey: string }[] };
  timestamps: { now: string; timestamp: string }[];
  client_match: { client: string; list: string[] }[];
  second_decoding: { cases: { user_agent: string; value: string }[] };
  exchanges: { cases: { request: { method: string; path: string; params: Record<string, string>; headers: Record<string, string> } }[] };
};

/** Golden vectors of privacyIDEA and eduMFA, as far as fuzzing begins from them. */
export const piVectors = readVectors<{
  privacyidea: PiSection;
  edumfa: PiSection & { ec_phone_key: Record<'private_pkcs8_pem' | 'public_spki_base64', string> };
}>('privacyidea.json');

type Linotp = LinotpVectors & {
  provider_request: { body_text: string }[];
  provider_reply_judgement: { reply_status: number; reply_reason: string; reply_body: string }[];
  server_transcripts: { events: { request?: { path: string; params: Record<string, string> } }[] };
};

/** Golden vectors of LinOTP. */
export const linotpVectors = readVectors<Linotp>('linotp.json');

/** The key pair of a phone of the vectors, by its PEM. */
export function pairOf(pem: string): { privateKey: KeyObject; publicKey: KeyObject; spki: string } {
  const privateKey = createPrivateKey(pem);
  const publicKey = createPublicKey(privateKey);
  return { privateKey, publicKey, spki: publicKey.export({ type: 'spki', format: 'der' }).toString('base64') };
}

/** SHA-256 signatures as phones of pipush make them. */
export const signSha256 = (key: KeyObject, text: string): Buffer => sign('sha256', Buffer.from(text), key);

/** Bytes of hex, again for those who read the vectors here. */
export { hex };

/** The moment that all parsers of a time are asked at: 2026-03-01T10:00:00Z. */
export const now = Date.UTC(2026, 2, 1, 10);
