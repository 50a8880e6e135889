import { type AppName, appOf } from './apps.ts';
import type { Exchange } from './exchange.ts';
import type { PhoneFile, StoredToken } from './file.ts';
import { done, no, type Outcome } from './outcome.ts';
import { makeKeys, publicKeyOf, readServerKey } from './signature.ts';

/** Sent by a phone without Firebase instead of a device address. */
export const noFirebaseToken = 'no_firebase_token';

/** The dependencies of a rollout. */
export type RolloutParts = { file: PhoneFile; exchange: Exchange; clock: () => number; app: AppName; keys: number | 'ec' };

/**
 * Enrols a scanned token: makes the key, sends it, keeps the server's. Refuses an offer past its life time, a token
 * that is already rolled out, a refusal of the server (with its message), and a reply without a usable key. A failed
 * token stays with its key, so that the same rollout can be repeated.
 * @see docs/protocols/privacyidea.md 3.3, 15.1
 */
export async function rollOut(parts: RolloutParts, token: StoredToken, fcmToken?: string): Promise<Outcome<StoredToken>> {
  const { file, exchange, clock, keys } = parts;
  if (token.serverKey) return no(`${token.serial} is rolled out already`);
  if (clock() >= token.scannedAt + token.ttlMinutes * 60_000)
    return no(`the offer is too old: it was good for ${token.ttlMinutes} minutes after the scan`);
  const privateKey = token.privateKey ?? (await makeKeys(keys)).privateKey;
  const address = addressOf(token, fcmToken);
  const kept = file.put({ ...token, privateKey, ...address.kept });
  if (!kept.ok) return kept;
  const reply = await exchange.post(token, rolloutForm(token, privateKey, address.sent));
  if (!reply.ok) return no(`the rollout failed: ${reply.reason}`);
  const serverKey = readKeyOf(reply.value.detail);
  if (!serverKey.ok) return no(`the rollout failed: ${serverKey.reason}`);
  const { credential: _spent, ...bound } = kept.value;
  return file.put({ ...bound, serverKey: serverKey.value });
}

/** The address that a token reports: a poll-only token has none. `kept` is the part that the phone stores. */
export function addressOf({ pollOnly }: StoredToken, fcmToken: string | undefined): { sent: string; kept: { fcmToken?: string } } {
  return pollOnly || fcmToken === undefined ? { sent: noFirebaseToken, kept: {} } : { sent: fcmToken, kept: { fcmToken } };
}

function rolloutForm({ serial, credential, app }: StoredToken, privateKey: string, fbtoken: string): Record<string, string> {
  return {
    serial,
    ...(credential !== undefined && { enrollment_credential: credential }),
    fbtoken,
    pubkey: publicKeyOf(privateKey),
    ...appOf({ app }).says,
  };
}

function readKeyOf({ public_key: sent }: Record<string, unknown>): Outcome<string> {
  if (typeof sent !== 'string') return no("the server's reply has no detail.public_key");
  const key = readServerKey(sent);
  return key.ok ? done(sent.replace(/[\r\n]/g, '')) : key;
}
