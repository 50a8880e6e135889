import { sha256Hex } from '../../foundation/crypto/index.ts';
import type { Challenge, PushToken } from '../../foundation/model/index.ts';
import type { PhoneProtocol } from '../phones/phone-protocol.ts';

/** Binds a challenge to one phone, not to a later one with the same serial. */
export const phoneKeyOf = ({ phonePublicKey = '' }: PushToken): string => sha256Hex(phonePublicKey);

/** Whether this challenge is for the phone of this push token. */
export const isForPhone = ({ serial, phoneKey }: Challenge, token: PushToken): boolean =>
  serial === token.serial && phoneKey === phoneKeyOf(token);

/**
 * Whether this push token was bound with the credential of an enrolment's challenge, which the rollout itself answers.
 */
export const isBoundBy = ({ serial, phoneKey }: Challenge, token: PushToken): boolean =>
  serial === token.serial && phoneKey === token.rolloutCredential.digest && token.rollout === 'enrolled' && token.enabled && !token.revoked;
/** Whether the phone of this push token speaks the protocol, and its type is one that the route serves. */
export const isSpokenBy = ({ name, types }: Pick<PhoneProtocol, 'name' | 'types'>, { phone, type }: PushToken): boolean =>
  phone.protocol === name && (types === undefined || types.includes(type));
