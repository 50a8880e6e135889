export { actionEntries, type CheckedEntry, configEntries, type ReferenceEntry } from './entry.ts';
export { defaultText, exampleText } from './entry-text.ts';
export { findEntries } from './find.ts';
export { jsonOf } from './keys.ts';
