import { setImmediate as nextTick } from 'node:timers/promises';
import { type Collection, type Document, type Filter, MongoBulkWriteError, type UpdateOneModel } from 'mongodb';

/**
 * One update of one document that no reply waits for. `anywhere` is a filter without the shard, in case the shard is
 * outdated; such an update may happen twice.
 */
export type LaterUpdate<D extends Document> = Pick<UpdateOneModel<D>, 'filter' | 'update'> & { anywhere?: Filter<D> | undefined };

/** Batches updates that no reply waits for: trails and effects. */
export type WriteBehind<D extends Document> = {
  /** Resolves when it is acknowledged; rejects with its own error or that of the whole bulk. */
  update(one: LaterUpdate<D>): Promise<void>;
};

type Waiting<D extends Document> = LaterUpdate<D> & { resolve: () => void; reject: (error: unknown) => void };

const mostAtOnce = 500;

/** Gathers updates of one tick, and during a bulk write: at most one bulk write at a time per collection. */
export function openWriteBehind<D extends Document>(collection: Collection<D>): WriteBehind<D> {
  const waiting: Waiting<D>[] = [];
  let isUnderWay = false;
  const sendAll = async (): Promise<void> => {
    isUnderWay = true;
    while (waiting.length > 0) {
      await nextTick();
      await send(collection, waiting.splice(0, mostAtOnce));
    }
    isUnderWay = false;
  };
  return {
    update: (one) =>
      new Promise((resolve, reject) => {
        waiting.push({ ...one, resolve, reject });
        if (!isUnderWay) void sendAll();
      }),
  };
}

async function send<D extends Document>(collection: Collection<D>, batch: readonly Waiting<D>[]): Promise<void> {
  try {
    const { matchedCount } = await collection.bulkWrite(batch.map(modelOf), { ordered: false });
    const moved = batch.flatMap(({ anywhere, update }) => (anywhere ? [modelOf({ filter: anywhere, update })] : []));
    if (matchedCount < batch.length && moved.length > 0) await collection.bulkWrite(moved, { ordered: false });
    for (const { resolve } of batch) resolve();
  } catch (error) {
    for (const [index, { resolve, reject }] of batch.entries()) wasApplied(error, index) ? resolve() : reject(error);
  }
}

const modelOf = <D extends Document>({ filter, update }: LaterUpdate<D>) => ({ updateOne: { filter, update } });

/** When the server refused single updates, the others are done; after any other error all are uncertain. */
function wasApplied(error: unknown, index: number): boolean {
  if (!(error instanceof MongoBulkWriteError) || error.result.getWriteConcernError()) return false;
  const refused = [error.writeErrors].flat();
  return refused.length > 0 && !refused.some((each) => each.index === index);
}
