export { actionEntries, type CheckedEntry, configEntries, type ReferenceEntry } from './entry.ts';
export { type Fact, factsOf } from './entry-text.ts';
export { findEntries } from './find.ts';
export { jsonOf } from './keys.ts';
