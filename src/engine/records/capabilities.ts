import { isDeepStrictEqual } from 'node:util';
import type { PushToken, PushTokenChange } from '../../foundation/model/index.ts';

type Remembered = Pick<PushToken, 'capabilities' | 'capabilitiesKnown'>;

/** Whether a phone may use a second signature: it announced capabilities, or was not heard since they are recorded. */
export const mayUseCapabilities = ({ capabilities, capabilitiesKnown }: Remembered): boolean =>
  capabilities.length > 0 || capabilitiesKnown !== true;

/**
 * The change of recorded capabilities by a signed message; undefined without one. Announced capabilities are never
 * removed: the phone's signature does not cover them, so a message without them proves nothing.
 */
export function announcing(token: Remembered, told: readonly string[] | undefined): PushTokenChange | undefined {
  if (told === undefined) return undefined;
  const capabilities = told.length > 0 ? [...told] : token.capabilities;
  const isKnown = token.capabilitiesKnown === true && isDeepStrictEqual(capabilities, token.capabilities);
  return isKnown ? undefined : { capabilities, capabilitiesKnown: true };
}
