import { type PushToken, type RolloutState, tokenNumber } from '../../../../foundation/model/index.ts';
import type { PiFlavour } from '../../../formats/privacyidea/index.ts';
import { shownMoment } from './validity-period.ts';

const rolloutStates: Record<RolloutState, string> = {
  offered: 'clientwait',
  paired: 'pending',
  activating: 'verify',
  enrolled: 'enrolled',
};

/** The wire name of a rollout state. */
export const rolloutStateName = (state: RolloutState): string => rolloutStates[state];

/** The rollout state of a wire name; undefined for states that push tokens never have. */
export const rolloutStateOf = (name: string): RolloutState | undefined => {
  const found = Object.entries(rolloutStates).find(([, wire]) => wire === name)?.[0];
  return found === 'offered' || found === 'paired' || found === 'activating' || found === 'enrolled' ? found : undefined;
};

/**
 * A push token in the token list. All values of `info` are JSON primitives, as a client requires; it has no private key
 * and no credential.
 * @see docs/protocols/privacyidea.md 10
 */
export function tokenObject(token: PushToken, flavour: PiFlavour): Record<string, unknown> {
  const { owner } = token;
  return {
    active: token.enabled,
    container_serial: flavour === 'privacyidea' ? '' : undefined,
    count: token.loginCount,
    count_window: 10,
    description: token.description,
    failcount: token.failCount,
    id: tokenNumber(token.serial),
    info: info(token, flavour),
    locked: token.revoked || token.failCount >= token.maxFail,
    maxfail: token.maxFail,
    otplen: 6,
    realms: token.realms,
    resolver: owner?.resolver ?? '',
    revoked: token.revoked,
    rollout_state: rolloutStateName(token.rollout),
    serial: token.serial,
    sync_window: 1000,
    tokengroup: [],
    tokentype: token.type,
    user_editable: false,
    user_id: owner?.userid ?? owner?.user ?? '',
    user_realm: owner?.realm ?? '',
    username: owner?.user ?? '',
  };
}

/** The keys of `info` that come from the gateway itself. */
export const infoKeys = [
  'assignment_date',
  'creation_date',
  'push_firebase_configuration',
  'public_key_smartphone',
  'public_key_server',
  'last_auth',
  'count_auth_success',
  'failcounter_exceeded',
  'polling_allowed',
  'tokenkind',
  'created_at',
  'edupush_firebase_configuration',
];

function info(token: PushToken, flavour: PiFlavour): Record<string, string> {
  const isEdumfa = flavour === 'edumfa';
  const iso = (at: number): string => new Date(at).toISOString().replace(/\.\d+Z$/, '+00:00');
  // Old notes with these two keys never had an effect.
  const { validity_period_start: _start, validity_period_end: _end, ...notes } = token.info ?? {};
  return {
    ...notes,
    // An old note with one of these keys shows only when the gateway has no value.
    ...present({
      validity_period_start: moment(token.validFrom, shownMoment),
      validity_period_end: moment(token.validUntil, shownMoment),
      created_at: isEdumfa ? eduTime(token.createdAt) : undefined,
      creation_date: isEdumfa ? undefined : iso(token.createdAt),
      assignment_date: token.owner && !isEdumfa ? iso(token.createdAt) : undefined,
      [`${token.type}_firebase_configuration`]: token.provider,
      public_key_smartphone: token.phonePublicKey,
      public_key_server: token.serverKey && pemOf(token.serverKey.publicKey),
      last_auth: moment(token.lastLogin?.at, iso),
      count_auth_success: token.loginCount === 0 ? undefined : String(token.loginCount),
      failcounter_exceeded: moment(token.exceededAt, iso),
      polling_allowed: token.phone.part.pollingAllowed,
    }),
    tokenkind: 'software',
  };
}

const present = (texts: Readonly<Record<string, string | undefined>>): Record<string, string> =>
  Object.fromEntries(Object.entries(texts).flatMap(([name, text]) => (text === undefined ? [] : [[name, text]])));

const moment = (at: number | undefined, write: (at: number) => string): string | undefined => (at === undefined ? undefined : write(at));

/** A time in eduMFA's format: with microseconds, without T. */
const eduTime = (at: number): string => new Date(at).toISOString().replace('T', ' ').replace('Z', '000+00:00');

const pemOf = (pkcs1: string): string =>
  ['-----BEGIN RSA PUBLIC KEY-----', ...(pkcs1.match(/.{1,64}/g) ?? []), '-----END RSA PUBLIC KEY-----', ''].join('\n');

/** A number for clients that need one: derived from a serial or another name, always the same, below 2^31. */
export const numberOf = (serial: string): number =>
  [...serial].reduce((so, character) => (so * 31 + character.charCodeAt(0)) % 2_147_483_647, 7);
