import { z } from 'zod';
import { maxAddresses } from '../../../../engine/index.ts';
import { addressesOf } from '../../../formats/management/index.ts';
import { type Endpoint, managed } from '../endpoint.ts';
import { RestProblem } from '../problems.ts';
import { AddressReply, noSuchToken, ownToken } from './token-reply.ts';

const path = '/v1/tokens/:serial/addresses';

const list = managed(
  {
    method: 'GET',
    path,
    right: 'tokens',
    permission: 'operate',
    id: 'listAddresses',
    summary: 'The addresses of a phone, including dead ones',
    replies: { 200: { description: 'The addresses by id.', schema: z.strictObject({ addresses: z.array(AddressReply) }) } },
    problems: ['not-found'],
  },
  async (parts, { manager, param }) => ({ status: 200, body: { addresses: addressesOf(await ownToken(parts, manager, param('serial'))) } }),
);

const add = managed(
  {
    method: 'POST',
    path,
    right: 'tokens',
    permission: 'operate',
    id: 'addAddress',
    summary: 'Adds an address to those that the phone sent',
    description: 'A known address becomes alive again.',
    body: z.strictObject({
      kind: z.enum(['fcm', 'apns', 'gda', 'webpush']),
      value: z.string().min(1).max(4096).describe('The address itself. No reply and no log shows it.'),
    }),
    replies: { 201: { description: 'The id of the address.', schema: z.strictObject({ id: z.string() }) } },
    problems: ['not-found', 'conflict'],
  },
  async (parts, { manager, param, body }) => {
    const { serial } = await ownToken(parts, manager, param('serial'));
    const added = await parts.engine.administration(manager.actor, manager.scope).addAddress(serial, body);
    switch (added.kind) {
      case 'added':
        return { status: 201, body: { id: added.id } };
      case 'refused':
        throw new RestProblem('invalid-request', added.why, { errors: [{ field: '/value', rule: added.why }] });
      case 'full':
        throw new RestProblem('conflict', `A push token has ${maxAddresses} addresses at most; remove one first.`, { id: serial });
      case 'gone':
        throw noSuchToken(serial);
      default:
        return added satisfies never;
    }
  },
);

const remove = managed(
  {
    method: 'DELETE',
    path: `${path}/:id`,
    right: 'tokens',
    permission: 'operate',
    id: 'removeAddress',
    summary: 'Removes an address of a phone',
    replies: { 204: { description: 'It is gone.' } },
    problems: ['not-found'],
  },
  async (parts, { manager, param }) => {
    const { serial } = await ownToken(parts, manager, param('serial'));
    const id = param('id');
    if (await parts.engine.administration(manager.actor, manager.scope).removeAddress(serial, id)) return { status: 204 };
    throw new RestProblem('not-found', `The push token ${serial} has no address with this id.`);
  },
);

/** The endpoints for the addresses of a phone. */
export const addressEndpoints: readonly Endpoint[] = [list, add, remove];
