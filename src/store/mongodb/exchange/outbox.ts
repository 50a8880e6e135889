import type { Collection, Filter } from 'mongodb';
import type { OutboxMessage } from '../../../foundation/model/index.ts';
import { type ExchangeStore, heldMs, mostDueSeen } from '../../exchange.ts';
import type { OutboxDocument } from '../collections.ts';
import type { Session } from '../session.ts';

type OutboxStore = Pick<
  ExchangeStore,
  'addMessages' | 'claimMessages' | 'changeMessage' | 'removeMessage' | 'replayMessage' | 'findMessage' | 'listMessages' | 'tallyMessages'
>;

const unfinished = { $in: ['waiting', 'begun'] satisfies OutboxMessage['state'][] };

/** The outbox: one document per message. `claimableAt` is its `dueAt`, or later while a predecessor holds it up. */
export function outboxStore({ run, collections: { outbox } }: Session): OutboxStore {
  return {
    addMessages: (messages) =>
      run('addMessages', async () => {
        if (messages.length === 0) return;
        const writes = messages.map(messageDocument).map(({ _id, ...fields }) => ({
          updateOne: { filter: { _id }, update: { $setOnInsert: fields }, upsert: true },
        }));
        await outbox.bulkWrite(writes, { ordered: false });
      }),
    claimMessages: (target, lease) => run('claimMessages', () => claim(outbox, target, lease)),
    changeMessage: (id, attempts, { dueAt, ...change }) =>
      run('changeMessage', async () => {
        const times = dueAt === undefined ? {} : { dueAt, claimableAt: dueAt };
        const options = { returnDocument: 'after', projection: place } as const;
        const changed = await outbox.findOneAndUpdate({ _id: id, attempts }, { $set: { ...change, ...times } }, options);
        if (changed?.state === 'dead') await letNextPass(outbox, changed);
        return changed !== null;
      }),
    removeMessage: (id, attempts) =>
      run('removeMessage', async () => {
        const filter = { _id: id, ...(attempts === undefined ? {} : { attempts }) };
        const removed = await outbox.findOneAndDelete(filter, { projection: place });
        if (removed) await letNextPass(outbox, removed);
        return removed !== null;
      }),
    replayMessage: (id, dueAt, endsAt) =>
      run('replayMessage', async () => {
        const again = { state: 'waiting' as const, attempts: 0, dueAt, claimableAt: dueAt, endsAt };
        return (await outbox.updateOne({ _id: id, state: 'dead' }, { $set: again, $unset: { lastError: '' } })).matchedCount === 1;
      }),
    findMessage: (id) =>
      run('findMessage', async () => {
        const found = await outbox.findOne({ _id: id });
        return found ? messageOf(found) : undefined;
      }),
    listMessages: ({ target, state, after }, limit) =>
      run('listMessages', async () => {
        const filter: Filter<OutboxDocument> = {
          ...(target === undefined ? {} : { target }),
          ...(state === undefined ? {} : { state }),
          ...(after === undefined ? {} : { _id: { $gt: after } }),
        };
        return (await outbox.find(filter, { sort: { _id: 1 }, limit }).toArray()).map(messageOf);
      }),
    tallyMessages: () =>
      run('tallyMessages', async () => {
        const by = { target: '$target', state: '$state' };
        const grouped = outbox.aggregate<{ _id: Pick<OutboxMessage, 'target' | 'state'>; count: number; oldest: number }>([
          { $group: { _id: by, count: { $sum: 1 }, oldest: { $min: '$createdAt' } } },
          { $sort: { _id: 1 } },
        ]);
        return (await grouped.toArray()).map(({ _id, ...rest }) => ({ ..._id, ...rest }));
      }),
  };
}

const place = { target: 1, order: 1, state: 1 } as const;

type Lease = Parameters<OutboxStore['claimMessages']>[1];

/** Claims the first message of each order that has a due one; passes over due messages behind one that is not due. */
async function claim(outbox: Collection<OutboxDocument>, target: string, { now, leaseUntil, limit }: Lease): Promise<OutboxMessage[]> {
  const isDue = { target, state: unfinished, claimableAt: { $lte: now } };
  const due = await outbox.find(isDue, { projection: { order: 1 }, sort: { claimableAt: 1 }, limit: mostDueSeen }).toArray();
  if (due.length === 0) return [];
  const orders = [...new Set(due.map(({ order }) => order))];
  const ready = (await firstsOf(outbox, target, orders)).filter(({ claimableAt }) => claimableAt <= now);
  const some = ready.sort((one, other) => one.claimableAt - other.claimableAt).slice(0, limit);
  const lease = { $inc: { attempts: 1 }, $set: { dueAt: leaseUntil, claimableAt: leaseUntil } };
  const claimed = await Promise.all(
    // Of two concurrent claims only the first finds the message unchanged.
    some.map(({ _id, attempts, dueAt, state }) =>
      outbox.findOneAndUpdate({ _id, attempts, dueAt, state }, lease, { returnDocument: 'after' }),
    ),
  );
  const firsts = new Set(ready.map(({ _id }) => _id));
  const left = new Set(ready.slice(limit).map(({ order }) => order));
  const held = due.filter(({ _id, order }) => !firsts.has(_id) && !left.has(order)).map(({ order }) => order);
  if (held.length > 0) await passOver(outbox, { ...isDue, order: { $in: [...new Set(held)] } }, now);
  return claimed.flatMap((document) => (document ? [messageOf(document)] : []));
}

type HeldMessages = { target: string; order: { $in: string[] }; state: typeof unfinished; claimableAt: object };

/** Passes over due messages for a while. Their predecessors may be finished meanwhile, so looks at them again. */
async function passOver(outbox: Collection<OutboxDocument>, held: HeldMessages, now: number): Promise<void> {
  const { modifiedCount } = await outbox.updateMany(held, { $set: { claimableAt: now + heldMs } });
  const firsts = modifiedCount === 0 ? [] : await firstsOf(outbox, held.target, held.order.$in);
  await Promise.all(firsts.filter(({ claimableAt, dueAt }) => claimableAt > dueAt).map((first) => letNextPass(outbox, first)));
}

/** The first message of each of these orders that is not dead. */
const firstsOf = (outbox: Collection<OutboxDocument>, target: string, orders: readonly string[]): Promise<OutboxDocument[]> =>
  outbox
    .aggregate<OutboxDocument>([
      { $match: { target, order: { $in: orders }, state: unfinished } },
      { $sort: { order: 1, position: 1, _id: 1 } },
      { $group: { _id: '$order', first: { $first: '$$ROOT' } } },
      { $replaceRoot: { newRoot: '$first' } },
    ])
    .toArray();

/** Ends what a claim passed over, after a message of this order was finished. */
async function letNextPass(outbox: Collection<OutboxDocument>, { target, order }: Pick<OutboxDocument, 'target' | 'order'>): Promise<void> {
  const isHeld = { $expr: { $gt: ['$claimableAt', '$dueAt'] } };
  await outbox.updateMany({ target, order, ...isHeld }, [{ $set: { claimableAt: '$dueAt' } }]);
}

/** The document of a message. */
export const messageDocument = ({ id, ...message }: OutboxMessage): OutboxDocument => ({
  _id: id,
  ...message,
  claimableAt: message.dueAt,
});

/** Reads a message from its document. */
export const messageOf = ({ _id, claimableAt: _claimableAt, ...message }: OutboxDocument): OutboxMessage => ({ id: _id, ...message });
