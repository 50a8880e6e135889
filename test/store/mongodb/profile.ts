import type { Document } from 'mongodb';
import { withClient } from '../../kit/mongod.ts';

/** One command as the server saw it, with its cost; `filter` is undefined for an insert. */
export type Seen = {
  collection: string;
  command: string;
  filter: Document | undefined;
  plan: string;
  keysExamined: number;
  docsExamined: number;
  /** Documents that were returned, changed or deleted. */
  returned: number;
};

/**
 * The commands of a database while `work` ran, by the server's own profiler: complete, and without a call to the
 * store.
 */
export async function seenWhile(url: string, database: string, work: () => Promise<unknown>): Promise<Seen[]> {
  return withClient(url, async (client) => {
    const db = client.db(database);
    await db.command({ profile: 2, slowms: 0 });
    try {
      await work();
    } finally {
      await db.command({ profile: 0 });
    }
    const entries = await db.collection('system.profile').find().toArray();
    await db.dropCollection('system.profile');
    return entries.filter(({ ns }) => !ns.endsWith('.system.profile') && !ns.endsWith('.$cmd')).map(seenOf);
  });
}

function seenOf({ ns, op, command, planSummary, keysExamined = 0, docsExamined = 0, nreturned, nMatched, ndeleted }: Document): Seen {
  const [, match] = command.pipeline ? [undefined, command.pipeline[0]?.$match] : [];
  return {
    collection: ns.slice(ns.indexOf('.') + 1),
    command: op === 'command' ? String(Object.keys(command)[0]) : op,
    filter: command.filter ?? command.query ?? command.q ?? match,
    plan: planSummary ?? '',
    keysExamined,
    docsExamined,
    returned: nreturned ?? nMatched ?? ndeleted ?? 0,
  };
}
