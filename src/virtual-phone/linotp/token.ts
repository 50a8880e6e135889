import { z } from 'zod';

/** What the phone keeps of one push token of LinOTP. Keys are base64, the seed is that of its own Ed25519 pair; times are epoch ms. */
export const LinotpToken = z.strictObject({
  serial: z.string(),
  scheme: z.string(),
  callbackUrl: z.string(),
  partition: z.int(),
  serverKey: z.string(),
  tokenId: z.int(),
  seed: z.string(),
  gda: z.string(),
  login: z.string(),
  scannedAt: z.int(),
  /** `scanned` until the server took the pairing, `active` once it took the activation. */
  state: z.enum(['scanned', 'paired', 'active']),
  /** Where the pushes for this phone can be read: the control URL of the fakes. */
  inbox: z.string().optional(),
  /** The transactions it answered last, so that an inbox shows them no more. */
  answered: z.array(z.string()),
});
/** A push token of LinOTP on the phone. */
export type LinotpToken = z.output<typeof LinotpToken>;

/** What may be shown of one. */
export type LinotpTokenView = Pick<LinotpToken, 'serial' | 'callbackUrl' | 'gda' | 'state'>;
