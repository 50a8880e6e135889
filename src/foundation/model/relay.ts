import type { DeviceAddress } from './push-token.ts';

/**
 * A phone that belongs to an auth server's own tokens and that the gateway only delivers to. `gda` is the auth server's
 * id of the phone, or a pseudonym of an address that it pushed to without a registration; one record per gda. Times are epoch ms; `version` guards every change.
 */
export type RelayDevice = {
  gda: string;
  /** The auth server that registered it. */
  owner: string;
  version: number;
  addresses: DeviceAddress[];
  /** The phone's platform as the auth server names it, such as `android`. */
  platform?: string;
  /** The key with which the phone itself may change its address and poll: SPKI DER in base64. */
  publicKey?: string;
  /** The auth server's own name of an address that it pushed to without a registration, if it gave one. */
  reference?: string;
  /** The last registration, or change by the phone itself. */
  lastSeen: number;
  /** The time of the last signed change: an older one is a replay. */
  signedAt?: number;
  /** Since when one of its addresses is dead; absent again after a new registration. */
  deadSince?: number;
};

/**
 * The progress of a relayed challenge. `claimed`: one gateway is delivering it until `until` (epoch ms); after that,
 * any gateway that gets the challenge again may take over. All other kinds are final, except that `failed` is tried
 * again, since the phone did not get the push.
 */
export type RelayProgress =
  | { kind: 'claimed'; until: number }
  | { kind: 'sent' | 'queued' | 'dead-address' }
  | { kind: 'failed'; isDown: boolean; reason: string };
