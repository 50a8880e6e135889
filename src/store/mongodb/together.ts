import type { ClientSession, MongoClient } from 'mongodb';
import type { AuditNote } from '../../foundation/model/index.ts';
import type { Collections } from './collections.ts';
import { isDuplicate } from './faults.ts';
import { noteDocument } from './notes.ts';

/** Does a write together with the note of it: both or none. */
export type Together = {
  /**
   * Runs `act` with these options, and where `isDone` says that it changed something, writes the note. Both are one transaction of MongoDB. A server that stands
   * alone has none: there the note comes first and is taken back, and a crash in between leaves a note of what was not done.
   */
  with<T>(note: AuditNote | undefined, act: (options: ActOptions) => Promise<T>, isDone: (result: T) => boolean): Promise<T>;
};

/** What every command of an act is given. */
export type ActOptions = { session?: ClientSession };

/** @param hasTransactions false for a server that stands alone */
export function openTogether(client: MongoClient, { auditNotes }: Pick<Collections, 'auditNotes'>, hasTransactions: boolean): Together {
  return {
    async with(note, act, isDone) {
      if (!note) return act({});
      if (hasTransactions)
        return client.withSession((session) =>
          session.withTransaction(async () => {
            const result = await act({ session });
            if (isDone(result)) await auditNotes.insertOne(noteDocument(note), { session });
            return result;
          }),
        );
      await auditNotes.insertOne(noteDocument(note));
      const takeBack = () => auditNotes.deleteOne({ _id: note.id });
      try {
        const result = await act({});
        if (!isDone(result)) await takeBack();
        return result;
      } catch (error) {
        // Of any other fault nobody knows whether the act was done.
        if (isDuplicate(error)) await takeBack();
        throw error;
      }
    },
  };
}
