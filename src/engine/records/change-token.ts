import { GatewayFault, type PushToken, type PushTokenChange } from '../../foundation/model/index.ts';
import type { Act } from '../audit/index.ts';
import type { EngineParts } from '../parts.ts';

/** Each round of concurrent writers lets one through. */
const maxAttempts = 10;

/** How an act on a push token is recorded. */
export type TokenAction = Act<Pick<PushToken, 'serial' | 'owner'>>;

/** The result of a change; `gone`: the push token does not exist (any more). */
export type Changed = 'changed' | 'unchanged' | 'gone';

/**
 * Changes one push token if its version is unchanged. `change` returns the new fields, or undefined for none; it is
 * called again after a conflict. `known` saves the first read; `act` is written with the change. Throws
 * `store-unavailable` after ten conflicts.
 */
export async function changeToken(
  { store }: Pick<EngineParts, 'store'>,
  serial: string,
  change: (token: PushToken) => PushTokenChange | undefined,
  { known, act }: { known?: PushToken | undefined; act?: TokenAction | undefined } = {},
): Promise<Changed> {
  let token = known ?? (await store.findToken(serial));
  for (let attempt = 0; attempt < maxAttempts; attempt += 1) {
    const fields = token && change(token);
    if (!token) return 'gone';
    if (!fields) return 'unchanged';
    const noted = act?.noteFor(fields.owner ? { serial, owner: fields.owner } : token);
    if ((await store.changeToken(serial, token.version, fields, noted?.note)) === 'changed') {
      if (noted) act?.done(noted);
      return 'changed';
    }
    token = await store.findToken(serial);
  }
  throw new GatewayFault('store-unavailable', `Push token ${serial} was changed by others ${maxAttempts} times in a row`);
}

/**
 * Changes push tokens one after the other; calls `change` for each. Returns the number of changed ones. `act` is
 * recorded for unchanged ones too.
 */
export async function changeEach(
  parts: EngineParts,
  tokens: readonly PushToken[],
  change: (token: PushToken) => PushTokenChange | undefined,
  act?: TokenAction,
): Promise<number> {
  let count = 0;
  for (const token of tokens) {
    const changed = await changeToken(parts, token.serial, change, { known: token, act });
    if (changed === 'changed') count += 1;
    if (changed === 'unchanged') act?.unchanged(token);
  }
  return count;
}
