import type { AuditNote } from '../../foundation/model/index.ts';
import { noteLeaseMs } from '../store.ts';
import type { NoteDocument } from './collections.ts';

/** The note of a document. Events are kept as text: they have fields that are undefined. */
export const noteOf = ({ body }: NoteDocument): AuditNote => JSON.parse(body);

/** The document of a note. */
export const noteDocument = (note: AuditNote): NoteDocument => ({ _id: note.id, due: note.at + noteLeaseMs, body: JSON.stringify(note) });
