/**
 * The provider name of push tokens that get no pushes: their phones poll. The name is privacyIDEA's, with one space.
 */
export const pollOnlyProvider = 'poll only';

/**
 * The owner of a push token. `realm` and `resolver` are empty where the installation has none. `userid` is the source's
 * id of the user at enrolment; it is absent for owners without a source and in some records of older versions.
 */
export type Owner = { user: string; realm: string; resolver: string; userid?: string };

/**
 * An address of a phone. `deadSince` is set when a provider has reported the address as dead for good. Times are epoch
 * ms.
 */
export type DeviceAddress = { kind: 'fcm' | 'apns' | 'gda' | 'webpush'; value: string; since: number; deadSince?: number };

/**
 * The progress of a rollout: `offered` (waits for the phone), `enrolled`; LinOTP's protocol has the two steps between.
 */
export type RolloutState = 'offered' | 'paired' | 'activating' | 'enrolled';

/**
 * The right to finish a rollout: the SHA-256 (hex) of the credential in the QR code and its end of life. `finished`
 * identifies the request that used it, so that a phone that lost the reply gets it again.
 */
export type RolloutCredential = { digest: string; expiresAt: number; finished?: { digest: string; at: number } };

/**
 * The gateway's key pair for one push token: public part PKCS#1 DER in base64, private part sealed for
 * `token:<serial>`.
 */
export type ServerKey = { publicKey: string; sealedPrivateKey: string };

/** A deeply read-only type: its values can be shared safely. */
export type ReadonlyDeep<T> = T extends object ? { readonly [K in keyof T]: ReadonlyDeep<T[K]> } : T;

/** The binding of a phone to a user: one record per serial. Times are epoch ms; `version` guards every change. */
export type PushToken = ReadonlyDeep<{
  serial: string;
  /** 0 to 999, from the owner or else the serial: the shard key. */
  bucket: number;
  version: number;
  createdAt: number;
  /** The token type in the auth server's terms: `push` for privacyIDEA. */
  type: string;
  owner?: Owner;
  realms: string[];
  description: string;
  /** Administrators' notes by key. The gateway itself only reads the login limits among them. */
  info?: Record<string, string>;
  validFrom?: number;
  validUntil?: number;
  rollout: RolloutState;
  enabled: boolean;
  revoked: boolean;
  failCount: number;
  maxFail: number;
  /** When `failCount` reached `maxFail`. */
  exceededAt?: number;
  /** Password hash of the token's PIN; absent: the PIN is empty. */
  pinHash?: string;
  /** The phone protocol, its flavour, and the fields that only this protocol reads. */
  phone: { protocol: string; flavour: string; part: Record<string, string> };
  /** The phone's public key, SPKI DER in base64. */
  phonePublicKey?: string;
  serverKey?: ServerKey;
  addresses: DeviceAddress[];
  /**
   * The last accepted address update: the time that the phone signed (epoch ms, with a fraction), and a digest of what
   * it signed.
   */
  addressUpdate?: { at: number; digest: string };
  /** Capabilities that the phone announced, such as `decline_reason`. */
  capabilities: string[];
  /**
   * The phone has been heard since capabilities are recorded, so an empty `capabilities` means that it announced none.
   */
  capabilitiesKnown?: boolean;
  /** The provider recorded at enrolment; with `poll only` no pushes are sent. */
  provider?: string;
  /** The URL for the phone's answers, as in the rollout text. */
  registrationUrl: string;
  /** The path of the mount that enrolled the token; the phone calls that mount's routes. */
  mount?: string;
  rolloutCredential: RolloutCredential;
  /** A login offered this token: it does not count as its owner's until the phone is bound. */
  inLogin?: boolean;
  loginCount: number;
  /** The last counted login, so that a repeated effect does not count twice. */
  lastLogin?: { at: number; effect: string };
}>;

/** The fields that one guarded change sets, never the type or creation time; `null` removes an optional field. */
export type PushTokenChange = {
  [K in keyof Omit<PushToken, 'serial' | 'version' | 'type' | 'createdAt'>]?:
    | PushToken[K]
    | (undefined extends PushToken[K] ? null : never);
};

/** A number for clients that need one: derived from the serial, always the same, below 2^31. */
export const tokenNumber = (serial: string): number =>
  [...serial].reduce((so, character) => (so * 31 + character.charCodeAt(0)) % 2_147_483_647, 7);
