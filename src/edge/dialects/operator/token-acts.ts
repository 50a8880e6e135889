import type { Context } from 'koa';
import { z } from 'zod';
import { type Assigned, longestPin, type TokenAdministration, type TokenLimitRefusal } from '../../../engine/index.ts';
import type { Owner, PushToken } from '../../../foundation/model/index.ts';
import type { Permission } from '../../../policy/index.ts';
import { nameField, notEnabled } from '../../formats/management/index.ts';
import { administrationOf } from '../../http/index.ts';
import { OperatorFault } from './errors.ts';
import { administratorOf, askerFor, type OperatorParts, readJson } from './parts.ts';
import { tokenOf } from './token-addresses.ts';

type Act = (acts: TokenAdministration, token: PushToken) => Promise<unknown>;

/**
 * One act on the push token in the path; policies must give the right for its realms.
 * Replies `{"serial", "<done>": true}`.
 */
const acting =
  (right: Permission, done: string, act: Act) =>
  async (parts: OperatorParts, ctx: Context): Promise<void> => {
    const admin = await administratorOf(parts, ctx, right);
    const token = await tokenOf(parts, ctx);
    await act(administrationOf(parts.engine, askerFor(parts, ctx), admin, right), token);
    ctx.body = { serial: token.serial, [done]: true };
  };

/**
 * `POST /ops/tokens/:serial/enable`, with the right `enable`. Replies with a conflict if the push token waits for its
 * phone or is revoked.
 */
export const enableToken = acting('enable', 'enabled', async (acts, token) => {
  await acts.setEnabled([token], true);
  const why = notEnabled(token);
  if (why !== undefined) throw new OperatorFault('conflict', why);
});

/** `POST /ops/tokens/:serial/disable`, with the right `disable`. */
export const disableToken = acting('disable', 'disabled', (acts, token) => acts.setEnabled([token], false));

/** `POST /ops/tokens/:serial/reset`, with the right `reset`: clears the fail count and the waits of all networks. */
export const resetToken = acting('reset', 'reset', (acts, token) => acts.reset([token]));

/** `POST /ops/tokens/:serial/unassign`, with the right `unassign`: removes the owner and the PIN. */
export const unassignToken = acting('unassign', 'unassigned', async (acts, token) => {
  if ((await acts.unassign([token])) === 0) throw new OperatorFault('conflict', `The push token ${token.serial} has no owner.`);
});

/** `DELETE /ops/tokens/:serial`, with the right `delete`. */
export const deleteToken = acting('delete', 'deleted', (acts, token) => acts.remove([token]));

const pin = z.string().max(longestPin, `a PIN has ${longestPin} characters at most`);
const newPin = z.strictObject({ pin });

/** `PUT /ops/tokens/:serial/pin` `{"pin"}`, with the right `setpin`; the empty PIN removes it. */
export async function setTokenPin(parts: OperatorParts, ctx: Context): Promise<void> {
  const admin = await administratorOf(parts, ctx, 'setpin');
  const wish = await readJson(ctx, newPin);
  const token = await tokenOf(parts, ctx);
  await administrationOf(parts.engine, askerFor(parts, ctx), admin, 'setpin').setPin([token], wish.pin);
  ctx.body = { serial: token.serial, pinSet: true };
}

const assignment = z.strictObject({ user: nameField, realm: nameField.optional(), resolver: nameField.optional(), pin: pin.optional() });

/**
 * `POST /ops/tokens/:serial/assign` `{"user", "realm", "resolver", "pin"}`, with the right `assign`: gives a push token
 * without an owner to a user. Without `pin` it keeps its PIN.
 */
export async function assignToken(parts: OperatorParts, ctx: Context): Promise<void> {
  const admin = await administratorOf(parts, ctx, 'assign');
  const wish = await readJson(ctx, assignment);
  const { serial } = await tokenOf(parts, ctx);
  const owner = await ownerNamed(parts, wish);
  const asker = askerFor(parts, ctx);
  const assigned = await administrationOf(parts.engine, asker, admin, 'assign').assign(asker, serial, { owner, pin: wish.pin });
  const refusal = notAssigned(assigned, serial, owner);
  if (refusal) throw refusal;
  ctx.body = { serial, user: owner.user, realm: owner.realm, assigned: true };
}

function notAssigned(why: Assigned | TokenLimitRefusal, serial: string, { user }: Owner): OperatorFault | undefined {
  switch (why.kind) {
    case 'done':
      return undefined;
    case 'gone':
      return new OperatorFault('not-found', `There is no push token ${serial}.`);
    case 'revoked':
      return isRevoked({ serial });
    case 'assigned':
      return new OperatorFault('conflict', `The push token ${serial} belongs to ${why.owner.user}. Unassign it first.`);
    case 'too-many-tokens':
      return new OperatorFault('conflict', `${user} has as many push tokens as policies allow.`);
    default:
      return why satisfies never;
  }
}

const isRevoked = ({ serial }: Pick<PushToken, 'serial'>): OperatorFault =>
  new OperatorFault('conflict', `The push token ${serial} is revoked for good.`);

/** The owner record for the user of a request. Refused if the realm, the source or the user does not exist. */
async function ownerNamed({ engine }: OperatorParts, { user, realm, resolver }: z.output<typeof assignment>): Promise<Owner> {
  const named = engine.admission.resolveName({}, { name: user, realm });
  if (named === 'foreign') throw new OperatorFault('not-found', `There is no realm ${realm}.`);
  const source = resolver === undefined ? undefined : engine.people.findSource(named.realm, resolver);
  if (resolver !== undefined && source === undefined)
    throw new OperatorFault('not-found', `The realm ${named.realm} has no source ${resolver}.`);
  const found = await engine.people.findOwner(named.user, named.realm, source);
  if (!found) throw new OperatorFault('not-found', `No source of the realm ${named.realm} knows the user ${named.user}.`);
  return found.owner;
}
