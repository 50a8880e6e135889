import type { Challenge, ChallengeMode, DeclineReason, DeviceAddress, PushToken, Result } from '../../foundation/model/index.ts';

/**
 * What the user is asked on the phone. `url` is where the phone answers; `options` only in presence mode. `shape`: a `login` names who logs in
 * (`question`) where (`title`), for phones that show the two apart; an `activation` asks whether the token is to be bound. `isExact`: the texts are signed
 * for what they say, and may not be cut. `tellsCapabilities`: a second signature tells the phone what the gateway understands, in protocols that have one.
 */
export type Prompt = {
  title: string;
  question: string;
  shape: 'question' | 'login' | 'activation';
  isExact: boolean;
  url: string;
  sslVerify: boolean;
  tellsCapabilities: boolean;
  mode: ChallengeMode;
  options?: readonly string[] | undefined;
};

/**
 * What the rollout text says beyond the serial; `lifeMs` is how long the phone may take, `extras` what only one protocol knows, `shared` the key of the
 * partition where a protocol has such keys.
 */
export type Offer = {
  serial: string;
  flavour: string;
  url: string;
  label: string;
  issuer: string;
  credential: string;
  lifeMs: number;
  sslVerify: boolean;
  pollOnly: boolean;
  extras: OfferExtras;
  shared?: SharedKey | undefined;
};

/** Optional wishes of the auth server's operator; a phone protocol leaves out what it does not know. */
export type OfferExtras = {
  image?: string | undefined;
  alternativeScheme?: boolean | undefined;
  appPin?: boolean | undefined;
  appUnlock?: 'any' | 'biometric' | 'pin' | undefined;
};

/** What a phone brings to its rollout: public key as SPKI DER in base64, addresses, and what it understands. */
export type PhoneKeys = { publicKey: string; addresses: Omit<DeviceAddress, 'since'>[]; capabilities: string[] };

/**
 * What a phone says when it pairs: the push token it means, its keys, all its addresses of one kind, what only its protocol knows, and a digest that tells
 * one such message from another.
 */
export type Pairing = PhoneKeys & {
  serial: string;
  addressKind: DeviceAddress['kind'];
  part: Record<string, string>;
  digest: string;
};

/** What a phone announces with a message that it signed: names, none where it announces none. Undefined where its app announces nothing ever. */
export type Announced = { capabilities: string[] | undefined };

/**
 * A phone's new address of one kind, `value: null` for "none any more". `at` is the moment that the phone signed (epoch ms); `digest` tells one such message
 * from another.
 */
export type AddressTold = Announced & { kind: DeviceAddress['kind']; value: string | null; at: number; digest: string };

/**
 * A sealed challenge: the handle that the phone knows it by, and the exact signed text that is delivered and polled. `clearText` (base64) is what the
 * phone's answer covers, where that cannot be told from the payload.
 */
export type Sealed = { handle: string; payload: string; clearText?: string };

/** What a phone's verified answer means. `digest` tells one signed answer from another. */
export type AnswerMeaning = {
  verdict: 'accepted' | 'declined';
  declineReason?: DeclineReason | undefined;
  option?: string | undefined;
  digest: string;
};

/** An Ed25519 key pair of the gateway that all push tokens of one partition of a phone protocol share: the public 32 bytes, the seed, and its signature. */
export type SharedKey = {
  partition: number;
  publicKey: Uint8Array;
  seed: Uint8Array;
  sign: (data: Uint8Array) => Promise<Uint8Array>;
};

/**
 * Randomness, time (epoch ms) and the signer come in from outside, so that vectors reproduce. `sign` is RSASSA-PKCS1-v1_5 with SHA-256 by the token's own
 * server key, or Ed25519 by the shared one. `handle` is the one that it has already; without it, a new one is made.
 */
export type SealTools = {
  randomBytes: (size: number) => Uint8Array;
  now: number;
  sign: (data: Uint8Array) => Promise<Uint8Array>;
  handle?: string | undefined;
};

/** Which policy says where phones answer. */
export type AnswerUrl = 'push_registration_url' | 'pushtoken_challenge_callback_url';

/**
 * What an app speaks, implemented by a folder under `edge/phones`. Pure: no I/O, no clock, no randomness of its own. The type parameters
 * are the parsed messages that its own routes hand in and that the engine passes back to it unread.
 */
export type PhoneProtocol<Rollout = unknown, Answer = unknown, Poll = unknown, AddressUpdate = unknown> = {
  readonly name: string;
  /** Whose key signs challenges: the push token's own, made at its rollout, or the shared one of its partition. */
  readonly serverKey: 'own' | 'shared';
  /** Whether phones ask what is waiting for them. */
  readonly canPoll: boolean;
  readonly answerUrl: AnswerUrl;
  /** The flavour of the mounts whose routes this push token's phone calls, where a dialect has several. */
  flavourOf?(token: PushToken): string;
  /** The types of token that a route of this protocol is for; without it, all that speak the protocol. */
  readonly types?: readonly string[];
  /** The modes that this push token's phone can be asked in. */
  modes(token: PushToken): readonly ChallengeMode[];
  /** The text for the QR code. */
  offer(offer: Offer): string;
  /** Parses and checks what the phone brings; the error is for the phone's user and names no secret. */
  readRollout(rollout: Rollout): Result<PhoneKeys, string>;
  /** The handle of a new challenge; `wish` is what the server that asks would like, which a protocol may leave alone. */
  newHandle(randomBytes: SealTools['randomBytes'], wish?: string): string;
  /** Makes the challenge for this push token: the exact bytes to deliver. */
  seal(token: PushToken, prompt: Prompt, tools: SealTools): Promise<Sealed>;
  /** What this answer means for this challenge; undefined when it is not a signed answer to it. */
  readAnswer(answer: Answer, challenge: Challenge, token: PushToken): AnswerMeaning | undefined;
  /** What the phone announces with this poll; undefined when the phone of this push token did not sign it. */
  readPoll(poll: Poll, token: PushToken): Announced | undefined;
  /** What the phone tells of its address; undefined when the phone did not sign it. */
  readAddressUpdate(update: AddressUpdate, token: PushToken): AddressTold | undefined;
};

/** The part of a phone protocol whose phones name their push token and tell their keys in one sealed message, and prove them by an activation. */
export type PairingProtocol<Message> = {
  readonly name: string;
  /** The partition whose key the message is sealed for. */
  partitionOf(message: Message): number;
  /** Opens and checks the message; the error is for the log and names no secret. */
  readPairing(message: Message, shared: SharedKey): Result<Pairing, string>;
};
