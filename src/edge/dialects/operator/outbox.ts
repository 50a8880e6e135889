import type { Context } from 'koa';
import { z } from 'zod';
import type { ShownMessage } from '../../../engine/index.ts';
import { demandName } from '../../../foundation/model/index.ts';
import { iso } from '../../formats/management/index.ts';
import { OperatorFault } from './errors.ts';
import { actingOperator, type OperatorParts, operatorOf, readQuery } from './parts.ts';

const text = z.string().min(1).max(512);
const wish = z.strictObject({
  target: text.optional(),
  state: z.enum(['waiting', 'begun', 'dead']).optional(),
  after: text.optional(),
  limit: z.coerce.number().int().min(1).max(1000).default(100),
});

/**
 * `GET /ops/outbox?target&state&after&limit`: messages of the outbox by id, without their content. `after` is the id of
 * the last one of the previous page.
 */
export async function listOutbox(parts: OperatorParts, ctx: Context): Promise<void> {
  await operatorOf(parts, ctx);
  const { limit, ...filter } = readQuery(ctx, wish);
  ctx.body = { messages: (await parts.engine.outbox.list(filter, limit)).map(row) };
}

const row = ({ createdAt, dueAt, endsAt, ...message }: ShownMessage) => ({
  ...message,
  createdAt: iso(createdAt),
  dueAt: iso(dueAt),
  endsAt: iso(endsAt),
});

const idOf = (ctx: Context): string => demandName('The id of the message', String(ctx.params.id));
const unknown = (): OperatorFault => new OperatorFault('not-found', 'There is no such message (any more).');

/** `POST /ops/outbox/:id/replay`: has a dead message sent again. */
export async function replayMessage(parts: OperatorParts, ctx: Context): Promise<void> {
  const by = await actingOperator(parts, ctx);
  const id = idOf(ctx);
  const found = await parts.engine.outbox.replay(id);
  if (found === 'unknown') throw unknown();
  if (found === 'not-dead') throw new OperatorFault('conflict', 'The message is not dead: it is sent without a replay.');
  if (found === 'outcome-unknown') throw new OperatorFault('conflict', 'The message may have been sent, and may be sent once only.');
  parts.tell({ kind: 'outbox-administered', act: 'replay', target: found.target, message: id, by });
  ctx.body = { id, replayed: true };
}

/** `DELETE /ops/outbox/:id`: deletes a message, whatever its state. */
export async function dropMessage(parts: OperatorParts, ctx: Context): Promise<void> {
  const by = await actingOperator(parts, ctx);
  const id = idOf(ctx);
  const found = await parts.engine.outbox.drop(id);
  if (!found) throw unknown();
  parts.tell({ kind: 'outbox-administered', act: 'drop', target: found.target, message: id, by });
  ctx.body = { id, dropped: true };
}
