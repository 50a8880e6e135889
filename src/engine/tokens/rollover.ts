import { sha256Hex } from '../../foundation/crypto/index.ts';
import { ok, type PushToken, type PushTokenChange, type Result, refused } from '../../foundation/model/index.ts';
import type { EngineParts } from '../parts.ts';
import { pinHashesOf } from '../people/person-key.ts';
import { changeToken, type TokenAction } from '../records/change-token.ts';
import { newCredential, type OfferRules, offerText } from './offer-text.ts';
import type { Offered } from './rollout.ts';
import { endTransactionsOf } from './token-owner.ts';

/** A push token to be bound to another phone. Absent fields stay unchanged; the empty PIN removes the PIN. */
export type RenewRequest = {
  pin?: string;
  description?: string;
  validFrom?: number;
  validUntil?: number;
  provider: string;
  mount: string;
  offer: OfferRules;
};

/** {@link TokenAdministration.renew}. */
export async function renewRollout(
  parts: EngineParts,
  token: PushToken,
  { pin, offer, ...fields }: RenewRequest,
  act: TokenAction,
): Promise<Result<Offered, 'gone' | 'revoked' | 'too-long'>> {
  const { serial, phone } = token;
  const credential = newCredential();
  const text = await offerText(parts, { phone, offer }, { serial, credential });
  if (text === undefined) return refused('too-long');
  const others = pin ? await pinHashesOf(parts, token.owner, [serial]) : [];
  const pinHash = pin === undefined ? {} : { pinHash: pin === '' ? null : await parts.passwords.hash(pin, others) };
  const rolloutCredential = { digest: sha256Hex(credential), expiresAt: parts.clock() + offer.lifeMs };
  const change = { ...fields, ...pinHash, ...withoutPhone, registrationUrl: offer.url, rolloutCredential };
  const changed = await changeToken(parts, serial, ({ revoked }) => (revoked ? undefined : change), { act });
  if (changed !== 'changed') return refused(changed === 'gone' ? 'gone' : 'revoked');
  await endTransactionsOf(parts, serial);
  return ok({ token, text, credential });
}

/** Removes the phone of a push token. Its challenges match no later phone, because they are bound to its key. */
const withoutPhone: PushTokenChange = {
  rollout: 'offered',
  enabled: false,
  phonePublicKey: null,
  serverKey: null,
  addresses: [],
  addressUpdate: null,
  capabilities: [],
  capabilitiesKnown: null,
  inLogin: null,
};
