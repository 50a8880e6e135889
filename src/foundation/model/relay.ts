import type { DeviceAddress } from './push-token.ts';

/**
 * A phone that an auth server of its own looks after, and that we only deliver to. `gda` is what that server calls it, one record per gda.
 * Times are epoch ms; `version` guards every change.
 */
export type RelayDevice = {
  gda: string;
  /** The auth server that registered it. */
  owner: string;
  version: number;
  addresses: DeviceAddress[];
  /** What the auth server says the phone is, such as `android`. */
  platform?: string;
  /** The key by which the phone itself may change its address and ask what is waiting: SPKI DER in base64. */
  publicKey?: string;
  /** When it was last registered, or changed by the phone itself. */
  lastSeen: number;
  /** The moment of the last signed change: an older one is a repetition of somebody else. */
  signedAt?: number;
  /** Since when an address of it is dead; absent again once it is registered anew. */
  deadSince?: number;
};

/**
 * How far the delivery of a relayed challenge has come. `claimed`: one gateway is at it, until `until` (epoch ms); then whoever gets the
 * challenge again may take over. All others are an end; of those only a failure is tried again, since nobody has the push.
 */
export type RelayProgress =
  | { kind: 'claimed'; until: number }
  | { kind: 'sent' | 'queued' | 'dead-address' }
  | { kind: 'failed'; isDown: boolean; reason: string };
