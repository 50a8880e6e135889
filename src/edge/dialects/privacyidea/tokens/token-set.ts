import { randomInt } from 'node:crypto';
import type { Context } from 'koa';
import { mostLoginsKey, type TokenAdministration, type TokenFields } from '../../../../engine/index.ts';
import type { PushToken } from '../../../../foundation/model/index.ts';
import { PiFault, type PiParams, readPiRequest, sendPi } from '../../../formats/privacyidea/index.ts';
import { administrationOf } from '../../../http/index.ts';
import { adminOf } from '../caller.ts';
import { askerFor, type PrivacyideaParts } from '../parts.ts';
import { noSuchToken } from '../refusals.ts';
import { demandEmpty } from '../subject.ts';
import { selectedTokens } from './selected-tokens.ts';
import { changing, checkPinLength } from './token-admin.ts';
import { validityPeriod } from './validity-period.ts';

/** The maximum length of a description. */
export const longestDescription = 80;

const notOfPush = {
  count_window: 'A push token counts nothing ahead',
  sync_window: 'A push token is never synchronised',
  hashlib: 'A push token has no algorithm to choose',
  count_auth_max: 'This gateway limits logins that succeed, by count_auth_success_max',
};

/**
 * `POST /token/set[/<serial>]`: `pin`, `description`, `max_failcount`, `count_auth_success_max`,
 * `validity_period_start` and `validity_period_end`; an empty one removes the limit. The value is the number of changes
 * over all push tokens. `pin` also needs the right `setpin`.
 * @see docs/protocols/privacyidea.md 10
 */
export const tokenSet = changing(
  'set',
  async (acts, tokens, params) => {
    demandEmpty(params, notOfPush);
    // Validate everything before any change.
    const setters = settersOf(params);
    let done = 0;
    for (const set of setters) done += await set(acts, tokens);
    return done;
  },
  { pin: 'setpin' },
);

type Setter = (acts: TokenAdministration, tokens: readonly PushToken[]) => Promise<number>;

function settersOf(params: PiParams): Setter[] {
  const [pin, description] = [params.text('pin'), params.text('description')];
  const [mostFailures, mostLogins] = [wholeNumber(params, 'max_failcount', 1), wholeNumber(params, mostLoginsKey, 0)];
  if (pin !== undefined) checkPinLength(pin, 'pin');
  if (description !== undefined) checkDescription(description);
  const period = Object.entries(validityPeriod(params));
  return [
    ...(pin === undefined ? [] : [(acts: TokenAdministration, tokens: readonly PushToken[]) => acts.setPin(tokens, pin)]),
    ...(description === undefined ? [] : [setting({ description })]),
    ...(mostFailures === undefined ? [] : [setting({ maxFail: mostFailures })]),
    ...(mostLogins === undefined
      ? []
      : [(acts: TokenAdministration, tokens: readonly PushToken[]) => acts.noteInfo(tokens, mostLoginsKey, String(mostLogins))]),
    ...period.map(([name, at]) => setting({ [name]: at })),
  ];
}

const setting =
  (fields: TokenFields): Setter =>
  (acts, tokens) =>
    acts.setFields(tokens, fields);

function wholeNumber(params: PiParams, name: string, least: number): number | undefined {
  const text = params.text(name);
  if (text === undefined || text === '') return undefined;
  const number = /^\d{1,6}$/.test(text) ? Number(text) : -1;
  if (number < least) throw new PiFault('parameter', `${name} must be a number from ${least} to 999999.`);
  return number;
}

/** Throws 905 for a description that is too long. */
export function checkDescription(description: string): void {
  if (description.length > longestDescription)
    throw new PiFault('parameter', `Parameter description has more than ${longestDescription} characters.`);
}

/** `POST /token/description[/<serial>]` `description`. @see docs/protocols/privacyidea.md 10 */
export const tokenDescription = changing('setdescription', async (acts, tokens, params) => {
  const description = params.required('description');
  checkDescription(description);
  return acts.setFields(tokens, { description });
});

/**
 * `POST /token/realm/<serial>` `realms`: replaces the realms of a push token by a list or comma-separated names; its
 * owner stays.
 * @see docs/protocols/privacyidea.md 10
 */
export async function tokenRealms(parts: PrivacyideaParts, ctx: Context): Promise<void> {
  const params = await readPiRequest(ctx, parts.product);
  const admin = await adminOf(parts, ctx, 'tokenrealms');
  params.required('serial');
  const named = params.list('realms');
  if (named === undefined) throw new PiFault('parameter', 'Missing parameter: realms');
  const realms = named.map((name) => {
    const found = parts.engine.realms.resolve('', name);
    if (found === 'unknown-realm') throw new PiFault('parameter', `The realm ${name} does not exist.`);
    return found.realm;
  });
  const tokens = await parts.engine.tokens.select({ serial: params.required('serial') });
  const acts = administrationOf(parts.engine, askerFor(parts, ctx), admin, 'tokenrealms');
  if ((await acts.setFields(tokens, { realms: [...new Set(realms)] })) === 0) throw noSuchToken();
  sendPi(ctx, parts.product, { id: 1, value: true });
}

/** Without 0, O, 1, l and I, which are confused when read aloud. */
const pinCharacters = '23456789abcdefghijkmnpqrstuvwxyzABCDEFGHJKLMNPQRSTUVWXYZ';
const usualPinLength = 8;

/**
 * `POST /token/setrandompin[/<serial>]`: sets a new PIN, shown once in `detail.pin`. The policy `otp_pin_set_random`
 * sets its length.
 * @see docs/protocols/privacyidea.md 10
 */
export async function tokenSetRandomPin(parts: PrivacyideaParts, ctx: Context): Promise<void> {
  const { engine } = parts;
  const params = await readPiRequest(ctx, parts.product);
  const admin = await adminOf(parts, ctx, 'setrandompin');
  const tokens = await selectedTokens(parts, params);
  const asker = askerFor(parts, ctx);
  const facts = engine.admission.adminFacts(asker, admin, tokens[0]?.realms[0]);
  const length = engine.policy.value('otp_pin_set_random', facts) ?? usualPinLength;
  const pin = Array.from({ length }, () => pinCharacters[randomInt(pinCharacters.length)]).join('');
  const acts = administrationOf(engine, asker, admin, 'setrandompin');
  sendPi(ctx, parts.product, { id: 1, value: await acts.setPin(tokens, pin), detail: { pin } });
}
