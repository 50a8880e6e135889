import { appOf } from './apps.ts';
import type { Exchange, Reply } from './exchange.ts';
import type { PhoneFile, StoredToken } from './file.ts';
import { no, type Outcome } from './outcome.ts';
import { timestamp } from './poll.ts';
import { addressOf } from './rollout.ts';
import { signText } from './signature.ts';

/** The dependencies of an address update. */
export type UpdateParts = { file: PhoneFile; exchange: Exchange; clock: () => number };

/**
 * Sends the phone's new address to the server; a poll-only token reports that it has none. Refuses a token that is not
 * rolled out, and an app without this call. The phone keeps the address once the server has accepted it.
 * @see docs/protocols/privacyidea.md 5.3, 15.1
 */
export async function sendAddress({ file, exchange, clock }: UpdateParts, token: StoredToken, fcmToken: string): Promise<Outcome<Reply>> {
  const { serial, privateKey, serverKey } = token;
  if (!privateKey || !serverKey) return no(`${serial} is not rolled out`);
  const { says, updatesAddress } = appOf(token);
  if (!updatesAddress) return no('this app cannot change its address: it would have to enrol again');
  const address = addressOf(token, fcmToken);
  const form = addressForm(privateKey, { serial, address: address.sent, timestamp: timestamp(clock()) });
  const reply = await exchange.post(token, { ...form, ...says });
  if (!reply.ok) return reply;
  const kept = file.put({ ...token, ...address.kept });
  return kept.ok ? reply : kept;
}

/** The signed fields of an address update; the signed text is `new_fb_token|serial|timestamp`. */
export function addressForm(
  privateKey: string,
  { serial, address, timestamp }: Record<'serial' | 'address' | 'timestamp', string>,
): Record<string, string> {
  return { new_fb_token: address, serial, timestamp, signature: signText(privateKey, `${address}|${serial}|${timestamp}`) };
}
