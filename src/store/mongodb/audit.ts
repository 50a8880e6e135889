import { type Filter, MongoBulkWriteError } from 'mongodb';
import type { AuditEntry, AuditNote, AuditWriter, PersonKey } from '../../foundation/model/index.ts';
import type { AuditFilter, AuditPage, AuditStore } from '../store.ts';
import type { AuditDocument, AuditWriterDocument, NoteDocument, PersonKeyDocument } from './collections.ts';
import { isDuplicate } from './faults.ts';
import { noteOf } from './notes.ts';
import type { Session } from './session.ts';

/** Lists for people may be read from a secondary while there is no primary. */
const forPeople = { readPreference: 'primaryPreferred' } as const;

/** The audit: one document per entry. */
export function auditStore(session: Session): AuditStore {
  const { audit } = session.collections;
  const { run } = session;
  return {
    ...noteStore(session),
    ...writerStore(session),
    ...personKeyStore(session),
    appendAudit: (entries) => run('appendAudit', () => append(session, entries)),
    listAudit: (filter, page) =>
      run('listAudit', async () => {
        const { conditions, sort } = placeOf(page);
        const found = audit.find({ $and: [conditionsOf(filter), conditions] }, forPeople).sort(sort);
        return (
          await found
            .skip(page.offset ?? 0)
            .limit(page.limit)
            .toArray()
        ).map(entryOf);
      }),
    countAudit: (filter) => run('countAudit', () => audit.countDocuments(conditionsOf(filter), forPeople)),
    findAudit: (id) =>
      run('findAudit', async () => {
        const found = await audit.findOne({ _id: id }, forPeople);
        return found ? entryOf(found) : undefined;
      }),
    auditChain: (writer, behind, limit) =>
      run('auditChain', async () => {
        const found = audit.find({ writer, number: { $gt: behind } }, forPeople).sort({ number: 1 });
        return (await found.limit(limit).toArray()).map(entryOf);
      }),
    expireAudit: (kinds, before, limit) =>
      run('expireAudit', async () => {
        const isOld = { kind: { $in: kinds as AuditEntry['kind'][] }, at: { $lt: before }, body: { $exists: true } };
        return updateSome(session, isOld, { $unset: content }, limit);
      }),
    eraseClearText: (person, limit) =>
      run('eraseClearText', async () => {
        const asSubject = { subject: person, 'clear.subject': { $exists: true } };
        const asActor = { actor: person, 'clear.actor': { $exists: true } };
        return (
          (await updateSome(session, asSubject, { $unset: { 'clear.subject': '' } }, limit)) +
          (await updateSome(session, asActor, { $unset: { 'clear.actor': '' } }, limit))
        );
      }),
    eraseTyped: (ids) =>
      run('eraseTyped', async () => {
        await audit.updateMany({ _id: { $in: [...ids] } }, { $unset: { typed: '', 'clear.own': '' } });
      }),
    auditWriterNames: () => run('auditWriterNames', async () => (await audit.distinct('writer')).sort()),
  };
}

/** The fields that retention removes. */
const content = { act: '', authServer: '', transaction: '', serials: '', subject: '', actor: '', typed: '', body: '', clear: '' } as const;

function noteStore({ run, collections: { auditNotes } }: Session): Pick<AuditStore, 'claimNotes' | 'removeNotes'> {
  const claim = async ({ _id, due }: NoteDocument, leaseUntil: number): Promise<AuditNote[]> => {
    // Of two concurrent claims only the first finds the note unchanged.
    const found = await auditNotes.findOneAndUpdate({ _id, due }, { $set: { due: leaseUntil } });
    return found ? [noteOf(found)] : [];
  };
  return {
    claimNotes: (now, leaseUntil, limit) =>
      run('claimNotes', async () => {
        const due = await auditNotes
          .find({ due: { $lte: now } })
          .sort({ due: 1 })
          .limit(limit)
          .toArray();
        return (await Promise.all(due.map((each) => claim(each, leaseUntil)))).flat();
      }),
    removeNotes: (ids) =>
      run('removeNotes', async () => {
        await auditNotes.deleteMany({ _id: { $in: [...ids] } });
      }),
  };
}

function writerStore({
  run,
  collections: { auditWriters },
}: Session): Pick<AuditStore, 'auditWriters' | 'putAuditWriter' | 'endAuditWriter'> {
  return {
    auditWriters: (which) =>
      run('auditWriters', async () => {
        const found = auditWriters.find(which === 'running' ? { ended: false } : {});
        return (await found.sort({ _id: 1 }).toArray()).map(writerOf);
      }),
    putAuditWriter: ({ writer, ...rest }) =>
      run('putAuditWriter', async () => {
        await auditWriters.replaceOne({ _id: writer }, rest, { upsert: true });
      }),
    endAuditWriter: (writer, seenAt) =>
      run('endAuditWriter', async () => {
        const { modifiedCount } = await auditWriters.updateOne({ _id: writer, seenAt, ended: false }, { $set: { ended: true } });
        return modifiedCount === 1;
      }),
  };
}

type PersonKeyStore = Pick<AuditStore, 'addPersonKeys' | 'findPersonKeys' | 'personKeysFrom' | 'personKeysOf' | 'removePersonKey'>;

function personKeyStore({ run, collections: { personKeys } }: Session): PersonKeyStore {
  const find = async (filter: Filter<PersonKeyDocument>): Promise<PersonKey[]> =>
    (await personKeys.find(filter).toArray()).map(personKeyOf);
  return {
    addPersonKeys: (keys) =>
      run('addPersonKeys', async () => {
        const each = async (key: PersonKey): Promise<void> => {
          try {
            await personKeys.insertOne(personKeyDocument(key));
          } catch (error) {
            // Another gateway was first: its key counts.
            if (!isDuplicate(error)) throw error;
          }
        };
        await Promise.all(keys.map(each));
      }),
    findPersonKeys: (persons) => run('findPersonKeys', () => find({ _id: { $in: [...persons] } })),
    personKeysFrom: (beginning) => run('personKeysFrom', () => find({ _id: { $gte: beginning, $lt: `${beginning}\u{10FFFF}` } })),
    personKeysOf: (ids) => run('personKeysOf', () => find({ id: { $in: [...ids] } })),
    removePersonKey: (id) => run('removePersonKey', async () => (await personKeys.deleteOne({ id })).deletedCount === 1),
  };
}

/** Adds the missing entries; stops at the first entry that exists at another position and returns its id. */
async function append({ collections: { audit } }: Session, entries: readonly AuditEntry[]): Promise<string | undefined> {
  for (let rest = entries.map(entryDocument); rest.length > 0; ) {
    const refused = await refusedOf(() => audit.insertMany(rest, { ordered: true }));
    if (refused === undefined) return undefined;
    const entry = rest[refused];
    const there = entry && (await audit.findOne({ _id: entry._id }, { projection: { writer: 1, number: 1 } }));
    if (!entry || there?.writer !== entry.writer || there.number !== entry.number) return entry?._id;
    rest = rest.slice(refused + 1);
  }
  return undefined;
}

/** The index of the first entry that exists already, if any. */
async function refusedOf(insert: () => Promise<unknown>): Promise<number | undefined> {
  try {
    await insert();
    return undefined;
  } catch (error) {
    if (!(error instanceof MongoBulkWriteError) || !isDuplicate(error)) throw error;
    return error.insertedCount;
  }
}

/** Updates up to `limit` entries; returns how many. */
async function updateSome(
  { collections: { audit } }: Session,
  filter: Filter<AuditDocument>,
  update: object,
  limit: number,
): Promise<number> {
  const found = await audit.find(filter, { projection: { _id: 1 }, limit }).toArray();
  if (found.length === 0) return 0;
  const { modifiedCount } = await audit.updateMany({ _id: { $in: found.map(({ _id }) => _id) } }, update);
  return modifiedCount;
}

function conditionsOf(filter: AuditFilter): Filter<AuditDocument> {
  const { persons, typed, actors, typedActor, serial, transaction, authServer, kinds, acts, hasContent, from, until } = filter;
  const ofPerson: Filter<AuditDocument>[] = [
    ...(persons ? [{ subject: { $in: [...persons] } }] : []),
    ...(typed === undefined ? [] : [{ typed }]),
  ];
  const ofActor: Filter<AuditDocument>[] = [
    ...(actors ? [{ actor: { $in: [...actors] } }] : []),
    ...(typedActor === undefined ? [] : [{ typed: typedActor }]),
  ];
  const either = [ofPerson, ofActor].filter((conditions) => conditions.length > 0);
  const at = { ...(from === undefined ? {} : { $gte: from }), ...(until === undefined ? {} : { $lt: until }) };
  return {
    ...(either.length > 0 ? { $and: either.map(($or) => ({ $or })) } : {}),
    ...(serial === undefined ? {} : { serials: serial }),
    ...(transaction === undefined ? {} : { transaction }),
    ...(authServer === undefined ? {} : { authServer }),
    ...(kinds ? { kind: { $in: kinds as AuditEntry['kind'][] }, body: { $exists: true } } : {}),
    ...(acts ? { act: { $in: [...acts] } } : {}),
    ...(hasContent ? { body: { $exists: true } } : {}),
    ...(Object.keys(at).length > 0 ? { at } : {}),
  };
}

function placeOf({ after, ascending = false }: AuditPage): {
  conditions: Filter<AuditDocument>;
  sort: Record<'at' | 'number' | '_id', 1 | -1>;
} {
  const beyond = ascending ? '$gt' : '$lt';
  const conditions: Filter<AuditDocument> = after
    ? {
        $or: [
          { at: { [beyond]: after.at } },
          { at: after.at, number: { [beyond]: after.number } },
          { at: after.at, number: after.number, _id: { [beyond]: after.id } },
        ],
      }
    : {};
  const direction = ascending ? 1 : -1;
  return { conditions, sort: { at: direction, number: direction, _id: direction } };
}

/** Reads an entry from its document. */
export function entryOf({ _id, clear, ...rest }: AuditDocument): AuditEntry {
  return { id: _id, ...rest, ...(clear && Object.keys(clear).length > 0 ? { clear } : {}) };
}

/** The document of an entry. */
export const entryDocument = ({ id, ...rest }: AuditEntry): AuditDocument => ({ _id: id, ...rest });

/** Reads a chain from its document. */
export const writerOf = ({ _id, ...rest }: AuditWriterDocument): AuditWriter => ({ writer: _id, ...rest });

/** Reads a person's key from its document. */
export const personKeyOf = ({ _id, ...rest }: PersonKeyDocument): PersonKey => ({ person: _id, ...rest });

/** The document of a person's key. */
export const personKeyDocument = ({ person, ...rest }: PersonKey): PersonKeyDocument => ({ _id: person, ...rest });
