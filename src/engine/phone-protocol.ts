import type { Challenge, ChallengeMode, DeclineReason, DeviceAddress, PushToken, Result } from '../foundation/model/index.ts';

/** What the user is asked on the phone. `url` is where the phone answers; `options` only in presence mode. */
export type Prompt = { title: string; question: string; url: string; sslVerify: boolean; mode: ChallengeMode; options?: readonly string[] };

/** What the rollout text says beyond the serial; `lifeMs` is how long the phone may take, `extras` what only one protocol knows. */
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
};

/** Optional wishes of the auth server's operator; a phone protocol leaves out what it does not know. */
export type OfferExtras = { image?: string; alternativeScheme?: boolean; appPin?: boolean; appUnlock?: 'any' | 'biometric' | 'pin' };

/** What a phone brings to its rollout: public key as SPKI DER in base64, addresses, and what it understands. */
export type PhoneKeys = { publicKey: string; addresses: Omit<DeviceAddress, 'since'>[]; capabilities: string[] };

/** A sealed challenge: the handle that the phone knows it by, and the exact signed text that is delivered and polled. */
export type Sealed = { handle: string; payload: string };

/** What a phone's verified answer means. `digest` tells one signed answer from another. */
export type AnswerMeaning = { verdict: 'accepted' | 'declined'; declineReason?: DeclineReason; option?: string; digest: string };

/** Randomness and the signer come in from outside, so that vectors reproduce. `sign` is RSASSA-PKCS1-v1_5 with SHA-256 by the token's server key. */
export type SealTools = { randomBytes: (size: number) => Uint8Array; sign: (data: Uint8Array) => Promise<Uint8Array> };

/**
 * What an app speaks, implemented by a folder under `edge/phones`. Pure: no I/O, no clock, no randomness of its own. The type parameters
 * are the parsed messages that its own routes hand in and that the engine passes back to it unread.
 */
export type PhoneProtocol<Rollout = unknown, Answer = unknown, Poll = unknown, AddressUpdate = unknown> = {
  readonly name: string;
  /** The modes that this push token's phone can be asked in. */
  modes(token: PushToken): readonly ChallengeMode[];
  /** The text for the QR code. */
  offer(offer: Offer): string;
  /** Parses and checks what the phone brings; the error is for the phone's user and names no secret. */
  readRollout(rollout: Rollout): Result<PhoneKeys, string>;
  /** Makes the challenge for this push token: the exact bytes to deliver. */
  seal(token: PushToken, prompt: Prompt, tools: SealTools): Promise<Sealed>;
  /** What this answer means for this challenge; undefined when it is not a signed answer to it. */
  readAnswer(answer: Answer, challenge: Challenge, token: PushToken): AnswerMeaning | undefined;
  /** True when the phone of this push token signed this poll. */
  readPoll(poll: Poll, token: PushToken): boolean;
  /** The phone's new address of one kind, `value: null` for "none any more"; undefined when the phone did not sign it. */
  readAddressUpdate(update: AddressUpdate, token: PushToken): { kind: DeviceAddress['kind']; value: string | null } | undefined;
};
