import { sha256Hex } from '../foundation/crypto/index.ts';
import type { Challenge, PushToken } from '../foundation/model/index.ts';

/** What ties a challenge to one phone and not to a later one under the same serial. */
export const phoneKeyOf = ({ phonePublicKey = '' }: PushToken): string => sha256Hex(phonePublicKey);

/** Whether this challenge is for the phone of this push token. */
export const isForPhone = ({ serial, phoneKey }: Challenge, token: PushToken): boolean =>
  serial === token.serial && phoneKey === phoneKeyOf(token);
