import { z } from 'zod';

/**
 * The phone's record of one LinOTP push token. Keys are base64, `seed` is that of its own Ed25519 pair; times are epoch
 * ms.
 */
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
  /** `scanned` until the server accepted the pairing, `active` once it accepted the activation. */
  state: z.enum(['scanned', 'paired', 'active']),
  /** Where this phone's pushes can be read: the control URL of the fakes. */
  inbox: z.string().optional(),
  /** The last answered transactions, which an inbox no longer shows. */
  answered: z.array(z.string()),
});
/** A LinOTP push token on the phone. */
export type LinotpToken = z.output<typeof LinotpToken>;

/** The visible part of a token. */
export type LinotpTokenView = Pick<LinotpToken, 'serial' | 'callbackUrl' | 'gda' | 'state'>;
