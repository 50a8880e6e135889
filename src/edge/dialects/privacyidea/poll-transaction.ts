import type { Context } from 'koa';
import { type Status, statusOf } from '../../../engine/index.ts';
import { readPiRequest, sendPi } from '../../formats/privacyidea/index.ts';
import { authServerOf } from './caller.ts';
import { flavourRules } from './flavour.ts';
import type { PrivacyideaParts } from './parts.ts';

const wire: Record<Status, 'accept' | 'declined' | 'cancelled' | 'pending'> = {
  accepted: 'accept',
  declined: 'declined',
  cancelled: 'cancelled',
  locked: 'declined',
  pending: 'pending',
  'code-shown': 'pending',
  withdrawn: 'pending',
  consumed: 'pending',
  expired: 'pending',
};

/**
 * `GET /validate/polltransaction/<id>` or `?transaction_id=<id>`: where a transaction stands. Consumes nothing, and never says whether an id
 * exists.
 * @see docs/protocols/privacyidea.md 6.5
 */
export async function pollTransaction(parts: PrivacyideaParts, ctx: Context): Promise<void> {
  const { engine, mount, product } = parts;
  const params = await readPiRequest(ctx, product);
  const id = params.required('transaction_id');
  const server = mount.publicPoll ? undefined : (await authServerOf(parts, ctx, 'poll')).server;
  // The browser that polls shows the login page of another server.
  if (!server) ctx.set('access-control-allow-origin', '*');
  const transaction = server ? await engine.findOwn(id, server.name) : await engine.findPublicly(id, parts.clientAddress(ctx));
  const status = transaction?.dialect === 'privacyidea' ? wire[statusOf(transaction.decision, engine.clock())] : 'pending';
  const told = status === 'cancelled' && !flavourRules(product).hasModes ? 'declined' : status;
  sendPi(ctx, product, { id: 2, value: status === 'accept', detail: { challenge_status: told } });
}
