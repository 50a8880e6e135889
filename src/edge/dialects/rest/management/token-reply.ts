import { z } from 'zod';
import { demandName, type PushToken } from '../../../../foundation/model/index.ts';
import { tokenFacts, tokenRow } from '../../../formats/management/index.ts';
import type { Manager } from '../managers.ts';
import type { RestParts } from '../parts.ts';
import { RestProblem } from '../problems.ts';

const moment = z.iso.datetime();

/** The states of a rollout. */
export const tokenState = z
  .enum(['offered', 'paired', 'activating', 'enrolled'])
  .describe('enrolled: a phone is bound. Before that the push token waits for its phone.');

const summary = {
  serial: z.string(),
  type: z.string(),
  user: z.string().optional().describe('The owner.'),
  realm: z.string().optional().describe('The realm of the owner.'),
  state: tokenState,
  enabled: z.boolean(),
  revoked: z.boolean().describe('It is out of use for good.'),
  locked: z.boolean().describe('It has failed too often.'),
  failures: z.int(),
  lastLogin: moment.optional(),
};

/** A push token in a list. */
export const TokenSummary = z.strictObject(summary).meta({ id: 'TokenSummary' });

/** An address of a phone by its id, without the address itself. */
export const AddressReply = z
  .strictObject({
    id: z.string(),
    kind: z.enum(['fcm', 'apns', 'gda', 'webpush']),
    since: moment,
    deadSince: moment.optional().describe('A provider said that the address no longer exists.'),
  })
  .meta({ id: 'Address' });

/** A push token. */
export const TokenReply = z
  .strictObject({
    ...summary,
    resolver: z.string().optional().describe('The user source of the owner.'),
    realms: z.array(z.string()).describe('The realms of the push token itself.'),
    description: z.string(),
    maxFailures: z.int(),
    lockedSince: moment.optional(),
    hasPin: z.boolean(),
    logins: z.int().describe('How many logins it has accepted.'),
    createdAt: moment,
    validFrom: moment.optional(),
    validUntil: moment.optional(),
    provider: z.string().optional().describe('The provider recorded at the enrolment.'),
    mount: z.string().optional().describe('The path of the mount that enrolled it.'),
    registrationUrl: z.string().describe('Where the phone enrols.'),
    phone: z.strictObject({ protocol: z.string(), flavour: z.string(), capabilities: z.array(z.string()) }),
    notes: z.record(z.string(), z.string()),
    addresses: z.array(AddressReply),
  })
  .meta({ id: 'Token' });

/** A push token in a list. */
export function tokenSummary(token: PushToken): z.output<typeof TokenSummary> {
  const { rolloutState: state, ...row } = tokenRow(token);
  return { ...row, state };
}

/** The reply for a push token. */
export function tokenReply(token: PushToken): z.output<typeof TokenReply> {
  const { rolloutState: state, realms, phone, ...facts } = tokenFacts(token);
  return { ...facts, state, realms: [...realms], phone: { ...phone, capabilities: [...phone.capabilities] } };
}

/** The push token of this serial. One outside the manager's scope looks like one that does not exist. */
export async function ownToken(
  { engine, tell }: Pick<RestParts, 'engine' | 'tell'>,
  { scope, actor }: Manager,
  serial: string,
): Promise<PushToken> {
  const token = await engine.tokens.find(demandName('The serial', serial));
  if (token && scope.allows(token.realms)) return token;
  if (token) tell({ kind: 'administration-refused', reason: 'no-right', act: scope.right, by: actor });
  throw noSuchToken(serial);
}

/** The refusal for an unknown serial. */
export const noSuchToken = (serial: string): RestProblem => new RestProblem('not-found', `There is no push token ${serial}.`);
