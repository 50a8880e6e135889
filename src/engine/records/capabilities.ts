import { isDeepStrictEqual } from 'node:util';
import type { PushToken, PushTokenChange } from '../../foundation/model/index.ts';

type Remembered = Pick<PushToken, 'capabilities' | 'capabilitiesKnown'>;

/** Whether a phone may have a use for a second signature: it announced capabilities, or was not heard since they are remembered. */
export const mayUseCapabilities = ({ capabilities, capabilitiesKnown }: Remembered): boolean =>
  capabilities.length > 0 || capabilitiesKnown !== true;

/**
 * What a message that the phone signed changes of what is remembered; undefined where nothing. What was announced once stays: the phone's signature does
 * not cover it, so a message without it proves nothing.
 */
export function announcing(token: Remembered, told: readonly string[] | undefined): PushTokenChange | undefined {
  if (told === undefined) return undefined;
  const capabilities = told.length > 0 ? [...told] : token.capabilities;
  const isKnown = token.capabilitiesKnown === true && isDeepStrictEqual(capabilities, token.capabilities);
  return isKnown ? undefined : { capabilities, capabilitiesKnown: true };
}
