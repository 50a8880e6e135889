/** The name that stands where a provider would, for push tokens to which nothing is sent: their phones ask. It is privacyIDEA's, with one space. */
export const pollOnlyProvider = 'poll only';

/**
 * The user a push token belongs to. `realm` and `resolver` are empty where the installation has none. `userid` is the source's id of the user at
 * enrolment; owners of no source have none, and so have some that older versions stored.
 */
export type Owner = { user: string; realm: string; resolver: string; userid?: string };

/** Where a phone can be reached. `deadSince` is set once a provider said for good that nothing lives there. Times are epoch ms. */
export type DeviceAddress = { kind: 'fcm' | 'apns' | 'gda' | 'webpush'; value: string; since: number; deadSince?: number };

/** Where the binding of a phone stands: `offered` (waits for the phone), `enrolled`; LinOTP's protocol has the two steps between. */
export type RolloutState = 'offered' | 'paired' | 'activating' | 'enrolled';

/**
 * The right to finish a rollout: the SHA-256 of the credential in the QR code (hex), the end of its life, and what finished it, so that a
 * phone that lost the reply gets it again.
 */
export type RolloutCredential = { digest: string; expiresAt: number; finished?: { digest: string; at: number } };

/** The gateway's own key for one push token: public part as PKCS#1 DER in base64, private part sealed for `token:<serial>`. */
export type ServerKey = { publicKey: string; sealedPrivateKey: string };

/** Of which nothing can be changed, however deep: who reads it may share it with others. */
export type ReadonlyDeep<T> = T extends object ? { readonly [K in keyof T]: ReadonlyDeep<T[K]> } : T;

/** The binding of a phone to a user: one record per serial. Times are epoch ms; `version` guards every change. */
export type PushToken = ReadonlyDeep<{
  serial: string;
  /** 0 to 999, from the owner, else from the serial: the shard key. */
  bucket: number;
  version: number;
  createdAt: number;
  /** What auth servers call the kind of token, `push` for privacyIDEA. */
  type: string;
  owner?: Owner;
  realms: string[];
  description: string;
  /** What administrators noted about it, by key; of which the gateway reads how many logins there may be. */
  info?: Record<string, string>;
  validFrom?: number;
  validUntil?: number;
  rollout: RolloutState;
  enabled: boolean;
  revoked: boolean;
  failCount: number;
  maxFail: number;
  /** When the fail count reached that maximum. */
  exceededAt?: number;
  /** Password hash of the token's PIN; absent: the PIN is empty. */
  pinHash?: string;
  /** The phone protocol this token speaks, its dialect of it, and what only that protocol knows. */
  phone: { protocol: string; flavour: string; part: Record<string, string> };
  /** The phone's public key, SPKI DER in base64. */
  phonePublicKey?: string;
  serverKey?: ServerKey;
  addresses: DeviceAddress[];
  /** The last address update that was taken from the phone: the moment that the phone signed (epoch ms, with a fraction), and a digest of what it signed. */
  addressUpdate?: { at: number; digest: string };
  /** What the phone said it understands, such as `decline_reason`. */
  capabilities: string[];
  /** The phone was heard since gateways remember what phones announce: where `capabilities` is empty, it announced none. */
  capabilitiesKnown?: boolean;
  /** Name of the provider recorded at enrolment; `poll only` means that nothing is sent. */
  provider?: string;
  /** Where the phone sends its answers: what the rollout text named. */
  registrationUrl: string;
  /** Path of the mount that enrolled it, whose phones' routes it calls. */
  mount?: string;
  rolloutCredential: RolloutCredential;
  /** A login offered it: until its phone is bound it does not count as one of its owner's. */
  inLogin?: boolean;
  loginCount: number;
  /** The last login that counted, so that a repeated effect counts nothing twice. */
  lastLogin?: { at: number; effect: string };
}>;

/** The fields of a push token that one guarded change sets, never its type or moment of creation; `null` takes an optional field away. */
export type PushTokenChange = {
  [K in keyof Omit<PushToken, 'serial' | 'version' | 'type' | 'createdAt'>]?:
    | PushToken[K]
    | (undefined extends PushToken[K] ? null : never);
};

/** A number for clients that want one of a push token: from its serial, always the same, below 2^31. */
export const tokenNumber = (serial: string): number =>
  [...serial].reduce((so, character) => (so * 31 + character.charCodeAt(0)) % 2_147_483_647, 7);
