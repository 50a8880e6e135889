import type { Context } from 'koa';
import { type Status, statusOf } from '../../../../engine/index.ts';
import type { Transaction } from '../../../../foundation/model/index.ts';
import { PiFault, readPiRequest, sendPi } from '../../../formats/privacyidea/index.ts';
import { authServerOf, isAuthServer } from '../caller.ts';
import { flavourRules } from '../flavour.ts';
import { dialect, type PrivacyideaParts } from '../parts.ts';

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
 * `GET /validate/polltransaction/<id>` or `?transaction_id=<id>`: the status of a transaction. Consumes nothing. An
 * unknown id reads as pending, or as 429 for a stranger who has tried too many.
 * @see docs/protocols/privacyidea.md 6.5
 */
export async function pollTransaction(parts: PrivacyideaParts, ctx: Context): Promise<void> {
  const { engine, mount, product } = parts;
  const params = await readPiRequest(ctx, product);
  const id = params.text('transaction_id');
  if (!id) throw new PiFault('parameter', 'Missing parameter: transaction_id');
  const transaction = await (mount.publicPoll ? pollPublicly : pollAsServer)(parts, ctx, id);
  const status = transaction ? wire[statusOf(transaction, engine.clock())] : 'pending';
  const told = status === 'cancelled' && !flavourRules(product).hasModes ? 'declined' : status;
  sendPi(ctx, product, { id: 2, value: status === 'accept', detail: { challenge_status: told } });
}

type Poll = (parts: PrivacyideaParts, ctx: Context, id: string) => Promise<Transaction | undefined>;

const pollAsServer: Poll = async (parts, ctx, id) =>
  parts.engine.challenges.findOwn(dialect, (await authServerOf(parts, ctx, 'poll')).server.name, id);

const pollPublicly: Poll = (parts, ctx, id) => {
  // The polling browser shows another server's login page.
  ctx.set({ 'access-control-allow-origin': '*', 'access-control-expose-headers': 'retry-after' });
  return parts.engine.challenges.findPublicly({
    id,
    dialect,
    source: parts.clientAddress(ctx),
    isKnown: () => isAuthServer(parts, ctx, 'poll'),
  });
};
