import type { ClientSession, MongoClient } from 'mongodb';
import type { AuditNote } from '../../foundation/model/index.ts';
import type { Collections } from './collections.ts';
import { isDuplicate } from './faults.ts';
import { noteDocument } from './notes.ts';

/** Writes an act and its audit note: both or neither. */
export type AuditedWrites = {
  /**
   * Runs `act` with these options and, if `isDone` says that it changed something, writes the note, in one transaction
   * of MongoDB. A standalone server has no transactions: there the note is written first and removed again if needed,
   * and a crash in between leaves a note of an act that was not done.
   */
  write<T>(note: AuditNote | undefined, act: (options: ActOptions) => Promise<T>, isDone: (result: T) => boolean): Promise<T>;
};

/** Options for every command of an act. */
export type ActOptions = { session?: ClientSession };

/** @param hasTransactions false for a standalone server */
export function openAuditedWrites(
  client: MongoClient,
  { auditNotes }: Pick<Collections, 'auditNotes'>,
  hasTransactions: boolean,
): AuditedWrites {
  return {
    async write(note, act, isDone) {
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
      const removeNote = () => auditNotes.deleteOne({ _id: note.id });
      try {
        const result = await act({});
        if (!isDone(result)) await removeNote();
        return result;
      } catch (error) {
        // After any other fault it is unknown whether the act was done.
        if (isDuplicate(error)) await removeNote();
        throw error;
      }
    },
  };
}
