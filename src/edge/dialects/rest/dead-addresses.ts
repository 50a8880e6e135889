import { z } from 'zod';
import { iso } from './challenge-reply.ts';
import { endpoint } from './endpoint.ts';

const mostAtOnce = 500;
/**
 * Two gateways may write at once, the one with the earlier time later: a cursor stays behind the present by this time
 * (ms), so that a reader misses none.
 */
const lagMs = 5_000;

/** A place in the list: the time of a death (epoch ms), and the name of a record of that time. */
type Place = { since: number; after?: string | undefined };

const Cursor = z
  .string()
  .max(2048)
  .transform((text, context): Place => {
    const [, since = '', after] = /^(-?\d{1,15}) (.*)$/s.exec(Buffer.from(text, 'base64url').toString()) ?? [];
    if (since !== '') return { since: Number(since), after };
    context.addIssue({ code: 'custom', message: 'not a cursor of this list' });
    return z.NEVER;
  });

const cursorOf = ({ since, after = '' }: Place): string => Buffer.from(`${since} ${after}`).toString('base64url');

const Query = z
  .strictObject({
    since: z.iso.datetime({ offset: true }).optional().describe('Only those that died at or after this moment.'),
    cursor: Cursor.optional().describe('`next` of the reply before.'),
  })
  .refine(({ since, cursor }) => since === undefined || cursor === undefined, { path: ['since'], message: 'either since or cursor' });

const DeadAddresses = z.strictObject({
  deadAddresses: z.array(
    z.strictObject({
      name: z
        .string()
        .describe('Your reference of the address, or the device that you registered. Else a pseudonym, since no address is stored.'),
      kinds: z.array(z.enum(['fcm', 'apns', 'webpush', 'gda'])).describe('The kinds of addresses that are dead.'),
      deadSince: z.iso.datetime(),
    }),
  ),
  next: z.string().describe('The cursor for the next call, now or later.'),
});

/** The addresses of an auth server that push services reported as dead. */
export const listDead = endpoint(
  {
    method: 'GET',
    path: '/v1/dead-addresses',
    right: 'deliver',
    id: 'listDeadAddresses',
    summary: 'Addresses that push services reported as dead, oldest first',
    description:
      'Remove them, or register the phone again. Call again with next, now or later. Entries of the last five seconds may come twice. Addresses of push tokens are not in the list: the gateway keeps those itself.',
    query: Query,
    replies: { 200: { description: 'Up to 500 of them.', schema: DeadAddresses } },
  },
  async ({ engine }, { caller, query }) => {
    const from: Place = query.cursor ?? { since: query.since === undefined ? 0 : Date.parse(query.since) };
    const dead = await engine.relay.deadDevices(caller.server.name, from, mostAtOnce);
    const last = dead.findLast(({ deadSince = 0 }) => deadSince <= engine.clock() - lagMs);
    const deadAddresses = dead.map(({ gda, reference, addresses, deadSince = 0 }) => ({
      name: reference ?? gda,
      kinds: [...new Set(addresses.filter((each) => each.deadSince !== undefined).map(({ kind }) => kind))],
      deadSince: iso(deadSince),
    }));
    return { status: 200, body: { deadAddresses, next: cursorOf(last ? { since: last.deadSince ?? 0, after: last.gda } : from) } };
  },
);
