import type { Store } from '../store.ts';
import type { Session } from './session.ts';
import { namesOf } from './transaction-documents.ts';

type EffectStore = Pick<Store, 'removeEffects' | 'claimDueEffects' | 'sweep'>;

/** Effects of decisions, and the sweep of ended records. */
export function effectStore({
  run,
  names,
  locations,
  writeBehind,
  collections: { transactions, counters, knownClients, keptRequests, outbox, publishedEvents },
}: Session): EffectStore {
  const claim = async (due: { _id: string; bucket: number; effectsDue?: number }, leaseUntil: number) => {
    // Of two concurrent claims only the first finds the record unchanged.
    const found = await transactions.findOneAndUpdate(due, { $set: { effectsDue: leaseUntil } }, { projection: { effects: 1 } });
    return found ? [{ transactionId: found._id, effects: found.effects }] : [];
  };
  return {
    removeEffects: (id, effectIds) =>
      run('removeEffects', () => writeBehind.transactions.update({ filter: locations.transaction(id), update: without(effectIds) })),
    claimDueEffects: (now, leaseUntil, limit) =>
      run('claimDueEffects', async () => {
        const due = transactions.find({ effectsDue: { $lte: now } }, { projection: { bucket: 1, effectsDue: 1 } });
        const found = await due.sort({ effectsDue: 1 }).limit(limit).toArray();
        return (await Promise.all(found.map((each) => claim(each, leaseUntil)))).flat();
      }),
    sweep: (before, limit) =>
      run('sweep', async () => {
        const isOver = { 'decision.finishUntil': { $lt: before }, effectsDue: { $exists: false } };
        const old = await transactions.find(isOver).sort({ 'decision.finishUntil': 1 }).limit(limit).toArray();
        const ids = old.map(({ _id }) => _id);
        await names.release(old.flatMap(namesOf), ids);
        // Selected by `_id`, with the conditions again in case effects were added meanwhile.
        const { deletedCount } = await transactions.deleteMany({ ...isOver, _id: { $in: ids } }, { hint: '_id_' });
        await counters.deleteMany({ endsAt: { $lt: before } });
        await knownClients.deleteMany({ endsAt: { $lt: before } });
        await keptRequests.deleteMany({ endsAt: { $lt: before } });
        await publishedEvents.deleteMany({ endsAt: { $lt: before } });
        await outbox.deleteMany({ state: 'dead', endsAt: { $lt: before } });
        return deletedCount;
      }),
  };
}

/** Removes effects; with the last one also their due time, and from then on the transaction may be deleted. */
function without(effectIds: readonly string[]) {
  const isDone = { $in: ['$$this.id', { $literal: [...effectIds] }] };
  const hasNoEffects = { $eq: ['$effects', []] };
  return [
    { $set: { effects: { $filter: { input: '$effects', cond: { $not: [isDone] } } } } },
    {
      $set: {
        effectsDue: { $cond: [hasNoEffects, '$$REMOVE', '$effectsDue'] },
        cleanFrom: { $cond: [hasNoEffects, '$$NOW', '$$REMOVE'] },
      },
    },
  ];
}
