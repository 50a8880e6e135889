import type { Context } from 'koa';
import { toDataURL } from 'qrcode';
import type { Asker } from '../../../engine/index.ts';
import { type Owner, pollOnlyProvider } from '../../../foundation/model/index.ts';
import { expandTags, PiFault, type PiParams, readPiRequest, sendPi } from '../../formats/privacyidea/index.ts';
import { adminOf } from './caller.ts';
import { askerFor, type PrivacyideaParts } from './parts.ts';
import { userOf } from './subject.ts';

const tokenType = 'push';
const serialPattern = /^[0-9a-zA-Z\-_]+$/;
const defaultTtlMinutes = 10;
const longestPin = 256;
const longestDescription = 80;

/**
 * `POST /token/init`: makes a push token that waits for its phone, and the QR code for it.
 * @see docs/protocols/privacyidea.md 3.1
 */
export async function tokenInit(parts: PrivacyideaParts, ctx: Context): Promise<void> {
  const params = await readPiRequest(ctx, parts.product);
  const admin = await adminOf(parts, ctx, 'enrollPUSH');
  const wish = readWish(parts, params);
  const server = parts.callerOf({ address: parts.clientAddress(ctx), mount: parts.mount.path, account: admin.name });
  const enrolment = enrolmentRules(parts, askerFor(parts, ctx, server), wish.owner);
  const offered = await parts.engine.offerRollout({ ...wish, ...enrolment });
  if (!offered.ok) throw notOffered(offered.error, wish.serial);
  const { token, text, credential } = offered.value;
  sendPi(ctx, parts.product, {
    id: 1,
    value: true,
    detail: {
      serial: token.serial,
      rollout_state: 'clientwait',
      enrollment_credential: credential,
      pushurl: { description: 'URL for privacyIDEA Push Token', value: text, img: await toDataURL(text, { scale: 10, margin: 4 }) },
    },
  });
}

function notOffered(why: 'serial-taken' | 'too-long', serial: string | undefined): PiFault {
  return new PiFault(
    'parameter',
    why === 'serial-taken'
      ? `The serial ${serial} is taken; delete that token first, or choose another serial.`
      : 'No QR code holds so much text; shorten the policies tokenlabel and tokenissuer, or the name of the user.',
  );
}

/** What the caller asked for, checked. */
function readWish(parts: PrivacyideaParts, params: PiParams) {
  const type = params.text('type') ?? '';
  if (type !== tokenType) throw new PiFault('parameter', `Unknown token type '${type}'; this gateway enrols 'push'.`);
  if (!params.flag('genkey')) throw new PiFault('parameter', 'Invalid Parameters. Either provide (genkey) or (serial, fbtoken, pubkey).');
  const serial = params.text('serial') || undefined;
  if (serial !== undefined && !serialPattern.test(serial))
    throw new PiFault('parameter', `Invalid serial number. Must comply to ${serialPattern.source}.`);
  if (serial !== undefined && serial.length > 40) throw new PiFault('parameter', 'Invalid serial number. It has at most 40 characters.');
  const user = params.text('user')
    ? userOf(parts, params, undefined, () => 'The user can not be found in any resolver in this realm!')
    : undefined;
  const owner: Owner | undefined = user && { ...user, resolver: '' };
  const realm = params.text('tokenrealm') || owner?.realm;
  if (realm && parts.engine.realms.resolve('', realm) === 'unknown-realm')
    throw new PiFault('parameter', `The realm ${realm} does not exist.`);
  return {
    type,
    phone: { protocol: 'pipush', flavour: 'privacyidea' },
    serialPrefix: 'PIPU',
    ...(serial === undefined ? {} : { serial }),
    ...(owner ? { owner } : {}),
    realms: realm ? [realm] : [],
    description: limited(params.text('description') ?? '', longestDescription, 'description'),
    pin: limited(params.text('pin') ?? '', longestPin, 'pin'),
    ...moments(params),
  };
}

function limited(text: string, length: number, name: string): string {
  if (text.length > length) throw new PiFault('parameter', `Parameter ${name} has more than ${length} characters.`);
  return text;
}

function moments(params: PiParams): { validFrom?: number; validUntil?: number } {
  const read = (name: string): number | undefined => {
    const text = params.text(name);
    if (!text) return undefined;
    const moment = Date.parse(text);
    if (Number.isNaN(moment)) throw new PiFault('parameter', `Could not parse ${name}. ISO-Format required.`);
    return moment;
  };
  const validFrom = read('validity_period_start');
  const validUntil = read('validity_period_end');
  return { ...(validFrom === undefined ? {} : { validFrom }), ...(validUntil === undefined ? {} : { validUntil }) };
}

/** What the policies of scope enrolment say about a new token of this owner. Two of them are needed. */
function enrolmentRules({ engine }: PrivacyideaParts, asker: Asker, owner: Owner | undefined) {
  const { policy } = engine;
  const facts = { ...engine.facts(asker, owner), tokenType, scope: 'enrollment' as const };
  const provider = policy.value('push_firebase_configuration', facts);
  if (provider === undefined) throw new PiFault('policy', 'Missing enrollment policy for push token: push_firebase_configuration');
  const url = policy.value('push_registration_url', facts);
  if (url === undefined) throw new PiFault('policy', 'Missing enrollment policy for push token: push_registration_url');
  const tags = (serial: string) => ({ serial, user: owner?.user ?? '', realm: owner?.realm ?? '' });
  const image = policy.value('appimageurl', facts);
  const appUnlock = policy.value('push_app_force_unlock', facts);
  return {
    provider,
    offer: {
      url,
      lifeMs: (policy.value('push_ttl', facts) ?? defaultTtlMinutes) * 60_000,
      sslVerify: policy.value('push_ssl_verify', facts) ?? true,
      pollOnly: provider === pollOnlyProvider,
      label: (serial: string) => expandTags(policy.value('tokenlabel', facts) ?? '<s>', tags(serial), 'label'),
      issuer: (serial: string) => expandTags(policy.value('tokenissuer', facts) ?? 'privacyIDEA', tags(serial), 'issuer'),
      extras: {
        ...(image === undefined ? {} : { image }),
        ...(policy.value('push_use_pia_scheme', facts) ? { alternativeScheme: true } : {}),
        ...(policy.value('push_force_app_pin', facts) ? { appPin: true } : {}),
        ...(appUnlock === undefined ? {} : { appUnlock }),
      },
    },
  };
}
