import { GatewayFault, type PushToken, type PushTokenChange } from '../../foundation/model/index.ts';
import type { EngineParts } from '../parts.ts';

/** Of those who write at the same time one gets through in each round. */
const maxAttempts = 10;

/** What became of a change: written, not needed, or the push token is not there (any more). */
export type Changed = 'changed' | 'unchanged' | 'gone';

/**
 * Changes one push token under its version. `change` says what to set, or undefined for nothing; it is asked again when another writer
 * came first. `known` spares the first read. Throws `store-unavailable` when others came first ten times.
 */
export async function changeToken(
  { store }: Pick<EngineParts, 'store'>,
  serial: string,
  change: (token: PushToken) => PushTokenChange | undefined,
  known?: PushToken,
): Promise<Changed> {
  let token = known ?? (await store.findToken(serial));
  for (let attempt = 0; attempt < maxAttempts; attempt += 1) {
    const fields = token && change(token);
    if (!token) return 'gone';
    if (!fields) return 'unchanged';
    if ((await store.changeToken(serial, token.version, fields)) === 'changed') return 'changed';
    token = await store.findToken(serial);
  }
  throw new GatewayFault('store-unavailable', `Push token ${serial} was changed by others ${maxAttempts} times in a row`);
}

/** Changes push tokens one after the other; `change` is asked for each. Returns how many changed. */
export async function changeEach(
  parts: EngineParts,
  tokens: readonly PushToken[],
  change: (token: PushToken) => PushTokenChange | undefined,
): Promise<number> {
  let changed = 0;
  for (const token of tokens) if ((await changeToken(parts, token.serial, change, token)) === 'changed') changed += 1;
  return changed;
}
