import { setImmediate as nextTick } from 'node:timers/promises';
import { type Collection, type Document, type Filter, MongoBulkWriteError, type UpdateOneModel } from 'mongodb';

/**
 * One update of one document that no reply waits for. `anywhere` finds the same document without its shard, for a shard that may be out of
 * date; such an update may be done twice.
 */
export type LaterUpdate<D extends Document> = Pick<UpdateOneModel<D>, 'filter' | 'update'> & { anywhere?: Filter<D> | undefined };

/** Writes behind the replies: trails and effects. */
export type Behind<D extends Document> = {
  /** Resolves when it is acknowledged, rejects with the error of its own or of the whole bulk. */
  update(one: LaterUpdate<D>): Promise<void>;
};

type Waiting<D extends Document> = LaterUpdate<D> & { resolve: () => void; reject: (error: unknown) => void };

const mostAtOnce = 500;

/** Gathers what comes in one tick, and while a bulk write is under way: never more than one of them per collection. */
export function openBehind<D extends Document>(collection: Collection<D>): Behind<D> {
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
    for (const [index, { resolve, reject }] of batch.entries()) isDoneIn(error, index) ? resolve() : reject(error);
  }
}

const modelOf = <D extends Document>({ filter, update }: LaterUpdate<D>) => ({ updateOne: { filter, update } });

/** What the server refused one by one leaves the others done; anything else leaves all of them unsure. */
function isDoneIn(error: unknown, index: number): boolean {
  if (!(error instanceof MongoBulkWriteError) || error.result.getWriteConcernError()) return false;
  const refused = [error.writeErrors].flat();
  return refused.length > 0 && !refused.some((each) => each.index === index);
}
