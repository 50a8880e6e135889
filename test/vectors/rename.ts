import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

/**
 * Writes a second set of golden vectors from the first: `node test/vectors/rename.ts FOLDER`, then `VECTORS_DIR=FOLDER npm test -- --grep vectors`. Users,
 * realms and serials of the recordings have other names there, and the other lists another order. What is signed or sealed keeps its names.
 */
const [folder = ''] = process.argv.slice(2);
if (folder === '') throw new Error('Name a folder to write to.');
mkdirSync(folder, { recursive: true });

/** What is renamed in recordings: a whole word each. */
const names: Readonly<Record<string, string>> = {
  cornelius: 'leopold',
  selfservice: 'mathilda',
  realm1: 'kingdom',
  resolver1: 'register',
  root: 'clara',
  passthru_user1: 'robert',
  mydefrealm: 'duchy',
};
const words = new RegExp(`\\b(?:${Object.keys(names).join('|')})\\b`, 'g');
const inText = (text: string): string =>
  text
    .replace(words, (name) => names[name] ?? name)
    .replace(/\bPUSH000(?=\d\b)/g, 'TOKEN-7')
    .replace(/\b(PIPU|EDUP)000(?=\d)/g, '$1999')
    .replace(/(?<=lseqr:\/\/pair\/)[\w-]+/g, (data) => {
      const bytes = Buffer.from(data, 'base64url').toString('latin1');
      return Buffer.from(bytes.replace(/PUSH000(?=\d)/, 'TOKEN-7'), 'latin1').toString('base64url');
    });

/** A label says which step of a recording it is, and is no name. */
function renamed(value: unknown, key = ''): unknown {
  if (typeof value === 'string') return key === 'label' ? value : inText(value);
  if (Array.isArray(value)) return value.map((item) => renamed(item));
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(Object.entries(value).map(([name, item]) => [inText(name), renamed(item, name)]));
}

/** Recordings are told in order; every other list stands for itself. */
function second(value: unknown, key = ''): unknown {
  if (key === 'exchanges' || key === 'server_transcripts') return renamed(value);
  if (Array.isArray(value)) return value.toReversed();
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(Object.entries(value).map(([name, item]) => [name, second(item, name)]));
}

for (const file of ['privacyidea.json', 'linotp.json']) {
  const first: unknown = JSON.parse(readFileSync(join('test/vectors', file), 'utf8'));
  writeFileSync(join(folder, file), `${JSON.stringify(second(first), null, 1)}\n`);
}
