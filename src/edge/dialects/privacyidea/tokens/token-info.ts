import type { Context } from 'koa';
import { mostLoginsKey } from '../../../../engine/index.ts';
import { PiFault, readPiRequest, sendPi } from '../../../formats/privacyidea/index.ts';
import { administrationOf, publishActRefusal } from '../../../http/index.ts';
import { adminOf } from '../caller.ts';
import { askerFor, type PrivacyideaParts } from '../parts.ts';
import { noSuchToken } from '../refusals.ts';
import { infoKeys } from './token-object.ts';

const pollingKey = 'polling_allowed';
/** Keys that the gateway itself keeps, or that a note must not imitate. */
const ownKeys = [
  ...infoKeys.filter((key) => key !== pollingKey),
  'enrollment_credential',
  'firebase_token',
  'private_key_server',
  'private_key_server.type',
];
/** Keys that decide something in privacyIDEA but not here, with the alternative. */
const decidedElsewhere: Readonly<Record<string, string>> = {
  validity_period_start: 'set it by /token/set',
  validity_period_end: 'set it by /token/set',
  count_auth: 'only logins that succeed are counted',
  count_auth_max: `only logins that succeed are limited, by ${mostLoginsKey}`,
};
const keyPattern = /^[A-Za-z0-9_. -]{1,64}$/;
const longestValue = 2000;
const mostKeys = 50;

/**
 * `POST /token/info/<serial>/<key>` `value`: stores a note with a push token. Two keys have an effect:
 * `polling_allowed`, and `count_auth_success_max`, the number of logins after which the token is no longer asked.
 * Refuses keys with an effect in privacyIDEA only (403/303), and keys that the gateway itself keeps (905).
 * @see docs/protocols/privacyidea.md 10
 */
export const tokenSetInfo = (parts: PrivacyideaParts, ctx: Context): Promise<void> => note(parts, ctx, 'set');

/** `DELETE /token/info/<serial>/<key>`: deletes the note. @see docs/protocols/privacyidea.md 10 */
export const tokenDeleteInfo = (parts: PrivacyideaParts, ctx: Context): Promise<void> => note(parts, ctx, 'delete');

async function note(parts: PrivacyideaParts, ctx: Context, what: 'set' | 'delete'): Promise<void> {
  const { engine, product } = parts;
  const params = await readPiRequest(ctx, product);
  const admin = await adminOf(parts, ctx, 'settokeninfo');
  const key = params.required('key');
  if (!keyPattern.test(key) || key === '__proto__') throw new PiFault('parameter', `Invalid key. Must comply to ${keyPattern.source}.`);
  if (ownKeys.includes(key)) throw new PiFault('parameter', `The gateway keeps ${key} itself.`);
  if (Object.hasOwn(decidedElsewhere, key)) {
    publishActRefusal(parts, askerFor(parts, ctx), { admin, act: 'settokeninfo', reason: 'not-here' });
    throw new PiFault('policy', `The gateway does not read ${key} from the info of a token; ${decidedElsewhere[key]}.`);
  }
  const value = what === 'set' ? params.required('value') : null;
  if (value && value.length > longestValue) throw new PiFault('parameter', `Parameter value has more than ${longestValue} characters.`);
  if (value !== null && key === mostLoginsKey && !/^\d{1,9}$/.test(value)) throw new PiFault('parameter', `${key} must be a number.`);
  const tokens = await engine.tokens.select({ serial: params.required('serial') });
  if (tokens.length === 0) throw noSuchToken();
  const isFull = tokens.some(({ info = {} }) => Object.keys(info).length >= mostKeys && !Object.hasOwn(info, key));
  if (value !== null && isFull) throw new PiFault('parameter', `A token has at most ${mostKeys} keys; delete one first.`);
  const acts = administrationOf(engine, askerFor(parts, ctx), admin, 'settokeninfo');
  const changed =
    key === pollingKey ? await acts.allowPolling(tokens, value?.toLowerCase() ?? null) : await acts.noteInfo(tokens, key, value);
  sendPi(ctx, product, { id: 1, value: changed > 0 });
}
