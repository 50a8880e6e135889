import { z } from 'zod';
import { type Asker, factsOfPerson, longestPin, type TokenAdministration, type UserRecord } from '../../../../engine/index.ts';
import type { Owner, PushToken } from '../../../../foundation/model/index.ts';
import { iso, nameField } from '../../../formats/management/index.ts';
import { enrolmentRules } from '../../../formats/privacyidea/index.ts';
import { fullPath, qrDrawing, qrPictureUrl, qrSvg } from '../../../http/index.ts';
import { type Endpoint, managed } from '../endpoint.ts';
import type { Manager } from '../managers.ts';
import type { RestParts } from '../parts.ts';
import { RestProblem } from '../problems.ts';
import { noSuchToken, ownToken } from './token-reply.ts';

/** The push tokens of this dialect: those of the privacyIDEA app, which has every mode. */
const kind = { type: 'push', phone: { protocol: 'pipush', flavour: 'privacyidea' }, serialPrefix: 'PIPU' } as const;
const issuer = 'pushgate';
const longestDescription = 80;

const query = z.strictObject({
  qr: z.enum(['png', 'svg', 'text']).default('png').describe('The form of the QR code: a data URL, an SVG, or characters.'),
});

const Rollout = z
  .strictObject({
    serial: z.string(),
    user: z.string().optional(),
    realm: z.string().optional(),
    link: z.string().describe('The text of the QR code. It holds the credential of the rollout, so show it to the user only.'),
    qr: z.union([z.strictObject({ png: z.string() }), z.strictObject({ svg: z.string() }), z.strictObject({ text: z.string() })]),
    expiresAt: z.iso.datetime().describe('The phone may enrol before this moment.'),
  })
  .meta({ id: 'Rollout' });

const create = managed(
  {
    method: 'POST',
    path: '/v1/tokens',
    right: 'tokens',
    permission: 'enrollPUSH',
    id: 'createToken',
    summary: 'Makes a push token that waits for the phone of a user',
    query,
    body: z.strictObject({
      user: nameField.describe('The owner.'),
      realm: nameField.optional().describe('The realm of the owner. Without it, the default realm or the one in the name.'),
      type: z.literal(kind.type).default(kind.type).describe('A push token of the privacyIDEA app.'),
      pin: z.string().max(longestPin).default('').describe('The PIN of the push token; none if empty.'),
      description: z.string().trim().max(longestDescription).default(''),
    }),
    replies: { 201: { description: 'The user may scan the QR code.', schema: Rollout } },
    problems: ['not-found', 'conflict', 'config-invalid'],
  },
  async (parts, { manager, query: { qr }, body }) => {
    const { user, realm, pin, description } = body;
    const { owner, record } = await ownerNamed(parts, manager, { name: user, realm });
    const rules = rulesFor(parts, manager, owner, record);
    const realms = owner.realm === '' ? [] : [owner.realm];
    const acts = parts.engine.administration(manager.actor, manager.scope);
    const offered = await acts.offer(manager.asker, { ...kind, owner, realms, pin, description, ...rules });
    if (!offered.ok) throw notOffered(offered.error, '');
    const reply = rolloutReply(offered.value, qr);
    return { status: 201, body: reply, headers: { location: fullPath(parts.path, `/v1/tokens/${reply.serial}`) } };
  },
);

const renew = managed(
  {
    method: 'POST',
    path: '/v1/tokens/:serial/renew',
    right: 'tokens',
    permission: 'enrollPUSH',
    id: 'renewToken',
    summary: 'Offers a push token to another phone',
    description: 'Serial, owner and PIN stay. The former phone can no longer answer, and its open challenges are withdrawn.',
    query,
    body: z.strictObject({}),
    replies: { 200: { description: 'The user may scan the QR code.', schema: Rollout } },
    problems: ['not-found', 'conflict', 'config-invalid'],
  },
  async (parts, { manager, query: { qr }, param }) => {
    const token = await ownToken(parts, manager, param('serial'));
    const { serial, owner, phone, type } = token;
    if (type !== kind.type || phone.protocol !== kind.phone.protocol || phone.flavour !== kind.phone.flavour)
      throw new RestProblem('conflict', `The phone of the push token ${serial} uses another app; make a new push token.`, { id: serial });
    const rules = rulesFor(parts, manager, owner, await parts.engine.people.recordOfOwner(owner));
    const offered = await parts.engine.administration(manager.actor, manager.scope).renew(token, rules);
    if (!offered.ok) throw notOffered(offered.error, serial);
    return { status: 200, body: rolloutReply(offered.value, qr) };
  },
);

/** The named user. A user of a realm that the manager may not use looks like one that does not exist. */
async function ownerNamed({ engine }: RestParts, { asker }: Manager, who: { name: string; realm: string | undefined }) {
  const named = engine.admission.resolveName(asker, who);
  const found = named === 'foreign' ? undefined : await engine.people.findOwner(named.user, named.realm);
  if (!found) throw new RestProblem('not-found', 'There is no such user.');
  return found;
}

/** What policies say about the enrolment of this owner. */
function rulesFor({ engine, path }: RestParts, { asker }: Manager, owner: Owner | undefined, record: UserRecord | undefined) {
  const knowing: Asker = record ? { ...asker, ...factsOfPerson(record) } : asker;
  const rules = enrolmentRules(engine, knowing, { type: kind.type, owner, mount: path, issuer });
  if (rules.ok) return rules.value;
  throw new RestProblem('config-invalid', `No policy gives ${rules.error} for this user, which an enrolment needs.`);
}

type Offered = Awaited<ReturnType<TokenAdministration['offer' | 'renew']>>;
type Refusal = Extract<Offered, { ok: false }>['error'];

function notOffered(why: Refusal, serial: string): RestProblem {
  if (typeof why === 'object')
    return new RestProblem('conflict', 'The user has as many push tokens as policies allow.', { reason: 'too-many-tokens' });
  switch (why) {
    case 'gone':
      return noSuchToken(serial);
    case 'revoked':
      return new RestProblem('conflict', `The push token ${serial} is revoked for good.`, { id: serial, state: why });
    case 'serial-taken':
      return new RestProblem('conflict', 'The serial is taken.');
    case 'too-long':
      return new RestProblem(
        'config-invalid',
        'No QR code holds so much text; shorten the policies tokenlabel and tokenissuer, or the name of the user.',
      );
    default:
      return why satisfies never;
  }
}

function rolloutReply({ token, text }: { token: PushToken; text: string }, qr: 'png' | 'svg' | 'text'): z.output<typeof Rollout> {
  const { serial, owner, rolloutCredential } = token;
  const pictures = {
    png: () => ({ png: qrPictureUrl(text, { scale: 10 }) }),
    svg: () => ({ svg: qrSvg(text) }),
    text: () => ({ text: qrDrawing(text) }),
  };
  return { serial, user: owner?.user, realm: owner?.realm, link: text, qr: pictures[qr](), expiresAt: iso(rolloutCredential.expiresAt) };
}

/** The endpoints that offer push tokens to phones. */
export const rolloutEndpoints: readonly Endpoint[] = [create, renew];
