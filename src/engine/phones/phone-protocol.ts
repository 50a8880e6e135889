import type { Challenge, ChallengeMode, DeclineReason, DeviceAddress, PushToken, Result } from '../../foundation/model/index.ts';

/** What the phone shows. */
export type Prompt = {
  /** In the shape `login`: where the user logs in. */
  title: string;
  /** In the shape `login`: the user. */
  question: string;
  /**
   * A `login` has user and place apart, for phones that show them so; an `activation` asks whether to bind the token.
   */
  shape: 'question' | 'login' | 'activation';
  /** The texts are signed literally and must not be cut. */
  isExact: boolean;
  /** Where the phone answers. */
  url: string;
  sslVerify: boolean;
  /** A second signature tells the phone the gateway's capabilities, in protocols that have one. */
  tellsCapabilities: boolean;
  mode: ChallengeMode;
  /** In presence mode only. */
  options?: readonly string[] | undefined;
};

/** The content of the rollout text. */
export type Offer = {
  serial: string;
  flavour: string;
  url: string;
  label: string;
  issuer: string;
  credential: string;
  /** How long the phone may take. */
  lifeMs: number;
  sslVerify: boolean;
  pollOnly: boolean;
  extras: OfferExtras;
  /** The key of the partition, in protocols with shared keys. */
  shared?: SharedKey | undefined;
};

/** Optional wishes of the operator; a phone protocol ignores those that it does not know. */
export type OfferExtras = {
  image?: string | undefined;
  alternativeScheme?: boolean | undefined;
  appPin?: boolean | undefined;
  appUnlock?: 'any' | 'biometric' | 'pin' | undefined;
};

/** What a phone brings to its rollout: the public key as SPKI DER in base64, addresses, and capabilities. */
export type PhoneKeys = { publicKey: string; addresses: Omit<DeviceAddress, 'since'>[]; capabilities: string[] };

/** A phone's pairing message, with all its addresses of one kind. */
export type Pairing = PhoneKeys & {
  serial: string;
  addressKind: DeviceAddress['kind'];
  /** Data of the protocol. */
  part: Record<string, string>;
  /** Identifies the message. */
  digest: string;
};

/** The capabilities in a phone's signed message, perhaps none. Undefined if its app never announces any. */
export type Announced = { capabilities: string[] | undefined };

/** A phone's new address of one kind. */
export type AddressUpdate = Announced & {
  kind: DeviceAddress['kind'];
  /** `null` removes the address. */
  value: string | null;
  /** When the phone signed the message (epoch ms). */
  at: number;
  /** Identifies the message. */
  digest: string;
};

/** A sealed challenge. */
export type Sealed = {
  handle: string;
  /** The exact signed text that is delivered and polled. */
  payload: string;
  /** What the phone's answer signs (base64), where the payload does not contain it. */
  clearText?: string;
};

/** The meaning of a verified answer. */
export type AnswerMeaning = {
  verdict: 'accepted' | 'declined';
  declineReason?: DeclineReason | undefined;
  /** The presence option that the user picked. */
  option?: string | undefined;
  /** Identifies the signed answer. */
  digest: string;
};

/** An Ed25519 key pair that all push tokens of one partition of a phone protocol share. */
export type SharedKey = {
  partition: number;
  /** 32 bytes. */
  publicKey: Uint8Array;
  seed: Uint8Array;
  sign: (data: Uint8Array) => Promise<Uint8Array>;
};

/** What sealing needs from outside. Randomness, time and the signer are parameters, so that vectors reproduce. */
export type SealTools = {
  randomBytes: (size: number) => Uint8Array;
  /** Epoch ms. */
  now: number;
  /** RSASSA-PKCS1-v1_5 with SHA-256 by the token's own server key, or Ed25519 by the shared key. */
  sign: (data: Uint8Array) => Promise<Uint8Array>;
  /** The existing handle; absent: makes a new one. */
  handle?: string | undefined;
};

/** The policy with the URL where phones answer. */
export type AnswerUrl = 'push_registration_url' | 'pushtoken_challenge_callback_url';

/**
 * The protocol of an app, implemented by a folder under `edge/phones`. Pure: no I/O, no clock, no randomness of its
 * own. The type parameters are the parsed messages of its own routes, which the engine passes back without reading
 * them.
 */
export type PhoneProtocol<Rollout = unknown, Answer = unknown, Poll = unknown, Update = unknown> = {
  readonly name: string;
  /** The key that signs challenges: the push token's own, made at its rollout, or the shared one of its partition. */
  readonly serverKey: 'own' | 'shared';
  /** Whether phones can poll. */
  readonly canPoll: boolean;
  readonly answerUrl: AnswerUrl;
  /** The flavour of the mounts that this push token's phone calls, where a dialect has several. */
  flavourOf?(token: PushToken): string;
  /** The token types that a route of this protocol serves; absent: all. */
  readonly types?: readonly string[];
  /** The modes that this push token's phone supports. */
  modes(token: PushToken): readonly ChallengeMode[];
  /** The text for the QR code. */
  offer(offer: Offer): string;
  /** Parses and checks the phone's rollout; the error is for the phone's user and contains no secret. */
  readRollout(rollout: Rollout): Result<PhoneKeys, string>;
  /** The handle of a new challenge; `wish` is the auth server's wish, which a protocol may ignore. */
  newHandle(randomBytes: SealTools['randomBytes'], wish?: string): string;
  /** Makes the exact bytes of the challenge for this push token. */
  seal(token: PushToken, prompt: Prompt, tools: SealTools): Promise<Sealed>;
  /** The meaning of this answer to this challenge; undefined if it is not a signed answer to it. */
  readAnswer(answer: Answer, challenge: Challenge, token: PushToken): AnswerMeaning | undefined;
  /** The capabilities in this poll; undefined if the phone of this push token did not sign it. */
  readPoll(poll: Poll, token: PushToken): Announced | undefined;
  /** The address in this update; undefined if the phone did not sign it. */
  readAddressUpdate(update: Update, token: PushToken): AddressUpdate | undefined;
};

/**
 * A phone protocol whose phones send their serial and keys in one sealed message, and prove the keys by an activation.
 */
export type PairingProtocol<Message> = {
  readonly name: string;
  /** The partition whose key the message is sealed for. */
  partitionOf(message: Message): number;
  /** Opens and checks the message; the error is for the log and contains no secret. */
  readPairing(message: Message, shared: SharedKey): Result<Pairing, string>;
};
