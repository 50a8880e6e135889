import type { Context } from 'koa';
import { longestPin, type TokenAdministration } from '../../../../engine/index.ts';
import type { Owner } from '../../../../foundation/model/index.ts';
import { PiFault, type PiParams, readPiRequest, sendPi } from '../../../formats/privacyidea/index.ts';
import { administrationOf, qrPictureUrl, serverBehind } from '../../../http/index.ts';
import { adminOf } from '../caller.ts';
import { enrolmentRules } from '../enrolment-rules.ts';
import { flavourRules, type TokenKind } from '../flavour.ts';
import { askerFor, type PrivacyideaParts } from '../parts.ts';
import { isAssigned, isRevoked, noSuchToken, tooManyTokens } from '../refusals.ts';
import { demandEmpty } from '../subject.ts';
import { ownerNamed, rememberOwner } from './owner-named.ts';
import { longestDescription } from './token-set.ts';
import { validityPeriod } from './validity-period.ts';

const serialPattern = /^[0-9a-zA-Z\-_]+$/;

/**
 * `POST /token/init`: makes a push token that waits for its phone, and its QR code. With `rollover`, an existing token
 * is to be bound to another phone.
 * @see docs/protocols/privacyidea.md 3.1
 */
export async function tokenInit(parts: PrivacyideaParts, ctx: Context): Promise<void> {
  const params = await readPiRequest(ctx, parts.product);
  const { kinds, pushUrlDescription } = flavourRules(parts.product);
  const kind = kinds.find(({ type }) => type === params.text('type')?.toLowerCase());
  const admin = await adminOf(parts, ctx, kind?.right ?? 'enrollPUSH');
  if (!kind) throw unknownType(params.text('type') ?? '', kinds);
  const wish = await readWish(parts, ctx, params, kind);
  const server = serverBehind(parts, ctx, { mount: parts.mount.path, admin });
  const rulesFor = (owner: Owner | undefined) => enrolmentRules(parts, askerFor(parts, ctx, server), { type: kind.type, owner });
  const acts = administrationOf(parts.engine, askerFor(parts, ctx, server), admin, kind.right);
  const offered = params.flag('rollover')
    ? await renewed(parts, ctx, { params, wish, rulesFor, acts })
    : await acts.offer(askerFor(parts, ctx, server), { ...wish, ...rulesFor(wish.owner) });
  if (!offered.ok) throw notOffered(offered.error, wish.serial);
  const { token, text, credential } = offered.value;
  sendPi(ctx, parts.product, {
    id: 1,
    value: true,
    detail: {
      serial: token.serial,
      rollout_state: 'clientwait',
      enrollment_credential: credential,
      pushurl: { description: pushUrlDescription, value: text, img: qrPictureUrl(text, { scale: 10 }) },
    },
  });
}

const unknownType = (type: string, kinds: readonly TokenKind[]): PiFault =>
  new PiFault('parameter', `Unknown token type '${type}'; this gateway enrols ${kinds.map((kind) => `'${kind.type}'`).join(' and ')}.`);

type Rules = (owner: Owner | undefined) => ReturnType<typeof enrolmentRules>;

type Renewal = { params: PiParams; wish: Awaited<ReturnType<typeof readWish>>; rulesFor: Rules; acts: TokenAdministration };

/** Offers the same push token to another phone. Its owner, and anything that the request does not name, stay. */
async function renewed(parts: PrivacyideaParts, ctx: Context, { params, wish, rulesFor, acts }: Renewal) {
  const token = await parts.engine.tokens.find(wish.serial ?? params.required('serial'));
  if (!token) throw noSuchToken();
  if (token.type !== wish.type) throw new PiFault('parameter', `The token ${token.serial} is not of type ${wish.type}.`);
  if (token.phone.protocol !== wish.phone.protocol)
    throw new PiFault('parameter', `The phone of the token ${token.serial} speaks another protocol; delete the token and enrol a new one.`);
  const { owner } = token;
  if (wish.owner && !owner) throw new PiFault('parameter', `The token ${token.serial} has no owner; assign it first.`);
  if (owner && wish.owner && !parts.engine.people.isOwnedBy(owner, wish.owner)) throw isAssigned(owner);
  if (!wish.owner) await rememberOwner(parts, ctx, owner);
  const { validFrom, validUntil } = wish;
  return acts.renew(token, {
    ...rulesFor(owner),
    ...(params.text('pin') === undefined ? {} : { pin: wish.pin }),
    ...(params.text('description') === undefined ? {} : { description: wish.description }),
    ...(validFrom === undefined ? {} : { validFrom }),
    ...(validUntil === undefined ? {} : { validUntil }),
  });
}

type Refusal<Call extends 'offer' | 'renew'> = Extract<Awaited<ReturnType<TokenAdministration[Call]>>, { ok: false }>['error'];

function notOffered(why: Refusal<'offer'> | Refusal<'renew'>, serial: string | undefined): PiFault {
  if (typeof why === 'object') return tooManyTokens(why);
  switch (why) {
    case 'serial-taken':
      return new PiFault('parameter', `The serial ${serial} is taken; delete that token first, or choose another serial.`);
    case 'too-long':
      return new PiFault(
        'parameter',
        'No QR code holds so much text; shorten the policies tokenlabel and tokenissuer, or the name of the user.',
      );
    case 'revoked':
      return isRevoked();
    case 'gone':
      return noSuchToken();
    default:
      return why satisfies never;
  }
}

/** Reads and checks the parameters of the new token. */
async function readWish(parts: PrivacyideaParts, ctx: Context, params: PiParams, { type, phone, serialPrefix }: TokenKind) {
  if (parts.product.flavour === 'privacyidea') demandEmpty(params, { container_serial: 'There are no containers here' });
  if (!params.flag('genkey')) throw new PiFault('parameter', 'Invalid Parameters. Either provide (genkey) or (serial, fbtoken, pubkey).');
  const serial = params.text('serial') || undefined;
  if (serial !== undefined && !serialPattern.test(serial))
    throw new PiFault('parameter', `Invalid serial number. Must comply to ${serialPattern.source}.`);
  if (serial !== undefined && serial.length > 40) throw new PiFault('parameter', 'Invalid serial number. It has at most 40 characters.');
  const owner = params.text('user') ? await ownerNamed(parts, ctx, params) : undefined;
  const realm = params.text('tokenrealm') || owner?.realm;
  if (realm && parts.engine.realms.resolve('', realm) === 'unknown-realm')
    throw new PiFault('parameter', `The realm ${realm} does not exist.`);
  // An empty limit in a new token means no limit.
  const { validFrom, validUntil } = validityPeriod(params);
  return {
    type,
    phone,
    serialPrefix,
    serial,
    owner,
    realms: realm ? [realm] : [],
    description: limited(params.text('description') ?? '', longestDescription, 'description'),
    pin: limited(params.text('pin') ?? '', longestPin, 'pin'),
    validFrom: validFrom ?? undefined,
    validUntil: validUntil ?? undefined,
  };
}

function limited(text: string, length: number, name: string): string {
  if (text.length > length) throw new PiFault('parameter', `Parameter ${name} has more than ${length} characters.`);
  return text;
}
