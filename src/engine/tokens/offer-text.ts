import { randomHex } from '../../foundation/crypto/index.ts';
import { GatewayFault, type PushToken } from '../../foundation/model/index.ts';
import type { EngineParts } from '../parts.ts';
import type { Offer } from '../phones/phone-protocol.ts';

/** The content of an offer besides the push token; label and issuer may contain its serial. */
export type OfferRules = Omit<Offer, 'serial' | 'credential' | 'flavour' | 'label' | 'issuer' | 'shared'> & {
  label: (serial: string) => string;
  issuer: (serial: string) => string;
};

const credentialBytes = 20;
/** The bytes that the largest QR code holds with error correction M. */
const maxOfferBytes = 2331;

/** A new rollout credential: 40 hex digits. */
export const newCredential = (): string => randomHex(credentialBytes);

/**
 * The text of the QR code; undefined if it fits into no QR code. Throws `config-invalid` for an unknown phone protocol.
 */
export async function offerText(
  { phones, sharedKeys }: EngineParts,
  { phone, offer }: { phone: Pick<PushToken['phone'], 'protocol' | 'flavour'>; offer: OfferRules },
  { serial, credential }: { serial: string; credential: string },
): Promise<string | undefined> {
  const protocol = phones[phone.protocol];
  if (!protocol) throw new GatewayFault('config-invalid', `Unknown phone protocol ${phone.protocol}`);
  const { label, issuer, ...rules } = offer;
  const shared = protocol.serverKey === 'shared' ? await sharedKeys.current(protocol.name) : undefined;
  const texts = { label: label(serial), issuer: issuer(serial) };
  const text = protocol.offer({ ...rules, ...texts, shared, serial, credential, flavour: phone.flavour });
  return Buffer.byteLength(text) > maxOfferBytes ? undefined : text;
}
