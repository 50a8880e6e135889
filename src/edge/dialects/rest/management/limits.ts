import { z } from 'zod';
import type { PushToken } from '../../../../foundation/model/index.ts';
import { limitFacts, nameField } from '../../../formats/management/index.ts';
import { type Endpoint, managed } from '../endpoint.ts';
import type { Manager } from '../managers.ts';
import type { RestParts } from '../parts.ts';
import { noSuchToken, ownToken } from './token-reply.ts';

const moment = z.iso.datetime();

const Limits = z
  .strictObject({
    phones: z
      .array(
        z.strictObject({
          serial: z.string(),
          user: z.string(),
          realm: z.string(),
          unanswered: z.int().describe('Pushes that rang lately and were not accepted.'),
          mutedUntil: moment.optional().describe('The phone is not rung before this moment.'),
        }),
      )
      .describe('Phones with pushes that count.'),
    quiet: z
      .array(
        z.strictObject({
          user: z.string(),
          realm: z.string(),
          serial: z.string().optional(),
          authServer: z.string().optional().describe('Only logins from unknown clients at this auth server are quiet.'),
          until: moment,
        }),
      )
      .describe('Logins that are quiet after too many wrong PINs.'),
  })
  .meta({ id: 'Limits' });

const list = managed(
  {
    method: 'GET',
    path: '/v1/limits',
    right: 'limits',
    permission: 'operate',
    id: 'listLimits',
    summary: 'What limits the logins of a user or of one phone now',
    query: z
      .strictObject({
        user: nameField.optional().describe('The user.'),
        realm: nameField.optional().describe('The realm of the user.'),
        serial: nameField.optional().describe('A push token, in place of a user.'),
      })
      .refine(({ user, serial }) => (user === undefined) !== (serial === undefined), {
        path: ['user'],
        message: 'name either user or serial',
      })
      .refine(({ realm, user }) => realm === undefined || user !== undefined, { path: ['realm'], message: 'a realm needs a user' }),
    replies: { 200: { description: 'The limits in effect.', schema: Limits } },
    problems: ['not-found'],
  },
  async (parts, { manager, query: { user, realm, serial } }) => {
    const tokens =
      serial === undefined ? await tokensOf(parts, manager, { name: user ?? '', realm }) : [await ownToken(parts, manager, serial)];
    const found = await Promise.all(tokens.map((token) => limitFacts(parts.engine, token.serial)));
    const quiet = found.flatMap((each) => each.quiet).filter(({ authServer }) => isFor(manager, authServer));
    return { status: 200, body: { phones: found.flatMap(({ phones }) => phones), quiet: unique(quiet) } };
  },
);

/** The push tokens of a user that are in the manager's scope. */
async function tokensOf(
  { engine }: RestParts,
  { asker, scope }: Manager,
  who: { name: string; realm: string | undefined },
): Promise<PushToken[]> {
  const named = engine.admission.resolveName(asker, who);
  if (named === 'foreign') return [];
  const tokens = await engine.tokens.select(await engine.people.asked(named.user, named.realm));
  return tokens.filter(({ realms }) => scope.allows(realms));
}

/** An auth server learns nothing of the clients of others. */
const isFor = ({ server }: Manager, authServer: string | undefined): boolean =>
  !server || authServer === undefined || authServer === server.name;

/** The push tokens of one user share the same quiet logins. */
const unique = <T>(all: readonly T[]): T[] => [...new Map(all.map((each) => [JSON.stringify(each), each])).values()];

const clear = managed(
  {
    method: 'DELETE',
    path: '/v1/limits/:serial',
    right: 'limits',
    permission: 'operate',
    id: 'clearLimits',
    summary: 'Clears the limits of a phone, and the wrong PINs of its user',
    replies: { 204: { description: 'They are cleared.' } },
    problems: ['not-found'],
  },
  async (parts, { manager, param }) => {
    const { serial } = await ownToken(parts, manager, param('serial'));
    if (!(await parts.engine.admission.clearPhone(manager.actor, serial))) throw noSuchToken(serial);
    return { status: 204 };
  },
);

/** The endpoints for limits. */
export const limitEndpoints: readonly Endpoint[] = [list, clear];
