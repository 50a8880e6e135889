import { GatewayFault, type PushToken, type PushTokenChange } from '../../foundation/model/index.ts';
import type { Act } from '../audit/index.ts';
import type { EngineParts } from '../parts.ts';

/** Of those who write at the same time one gets through in each round. */
const maxAttempts = 10;

/** How what is done to a push token is told. */
export type TokenAction = Act<Pick<PushToken, 'serial' | 'owner'>>;

/** What became of a change: written, not needed, or the push token is not there (any more). */
export type Changed = 'changed' | 'unchanged' | 'gone';

/**
 * Changes one push token under its version. `change` says what to set, or undefined for nothing; it is asked again when another writer
 * came first. `known` spares the first read; `act` is written with the change. Throws `store-unavailable` when others came first ten times.
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
    const noted = act?.notedOf(fields.owner ? { serial, owner: fields.owner } : token);
    if ((await store.changeToken(serial, token.version, fields, noted?.note)) === 'changed') {
      if (noted) act?.done(noted);
      return 'changed';
    }
    token = await store.findToken(serial);
  }
  throw new GatewayFault('store-unavailable', `Push token ${serial} was changed by others ${maxAttempts} times in a row`);
}

/** Changes push tokens one after the other; `change` is asked for each. Returns how many changed. An act is told of the others too: it was asked for. */
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
    if (changed === 'unchanged') act?.needless(token);
  }
  return count;
}
