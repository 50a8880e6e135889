import type { AuditNote } from '../../foundation/model/index.ts';
import { noteLeaseMs } from '../store.ts';
import type { NoteDocument } from './collections.ts';

/** Reads a note from its document. */
export const noteOf = ({ _id, at, text }: NoteDocument): AuditNote => ({ id: _id, at, text });

/** The document of a note. */
export const noteDocument = ({ id, at, text }: AuditNote): NoteDocument => ({ _id: id, due: at + noteLeaseMs, at, text });
