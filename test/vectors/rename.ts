import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

/**
 * Writes a second set of golden vectors from the first: `node test/vectors/rename.ts FOLDER`, then `VECTORS_DIR=FOLDER npm test -- --grep vectors`. In the
 * recordings users, realms, serials, addresses, passwords, PINs and the day have other names there, and what no other step depends on comes first; the other
 * lists have another order. What is signed or sealed keeps its names.
 */
const [folder = ''] = process.argv.slice(2);
if (folder === '') throw new Error('Name a folder to write to.');
mkdirSync(folder, { recursive: true });

/** What is renamed in recordings: a whole word each. */
const names: Readonly<Record<string, string>> = {
  // Users and administrators, where they are from, and how they prove who they are.
  cornelius: 'leopold',
  selfservice: 'mathilda',
  root: 'clara',
  passthru_user1: 'robert',
  nouser: 'nemo',
  nobody_here: 'nemo_here',
  testadmin: 'chief',
  realm1: 'kingdom',
  mydefrealm: 'duchy',
  norealm: 'utopia',
  resolver1: 'register',
  testpw: 'open-sesame',
  geheim1: 'secret1',
  1234: '8642',
  5555: '6666',
  9876: '6789',
  // Phones and push tokens.
  NOPE: 'NONE',
  fcmtok: 'first-address',
  newtok: 'second-address',
  DEADBEEF: 'C0FFEE',
  NEWGDA: 'NEXTGDA',
  OLDPHONE: 'BRICK',
  fb1: 'google',
  '4.0.0.dev0': '4.0.1',
  'pi.example.com': 'mfa.example.org',
};
const words = new RegExp(`\\b(?:${Object.keys(names).join('|')})\\b`, 'g');
const inText = (text: string): string =>
  text
    .replace(words, (name) => names[name] ?? name)
    .replaceAll('2026-11-22', '2027-03-05')
    .replaceAll('Sun, 22 Nov 2026', 'Fri, 05 Mar 2027')
    .replace(/\bPUSH000(?=\d\b)/g, 'TOKEN-7')
    .replace(/\b(PIPU|EDUP)000(?=\d)/g, '$1999')
    .replace(/(?<=lseqr:\/\/pair\/)[\w-]+/g, (data) => {
      const bytes = Buffer.from(data, 'base64url').toString('latin1');
      return Buffer.from(bytes.replace(/PUSH000(?=\d)/, 'TOKEN-7'), 'latin1').toString('base64url');
    });

function renamed(value: unknown): unknown {
  if (typeof value === 'string') return inText(value);
  if (Array.isArray(value)) return value.map((item) => renamed(item));
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(Object.entries(value).map(([name, item]) => [inText(name), renamed(item)]));
}

type Step = { request: { path: string; params: object | null; headers?: object }; status: number };

/** Whether a step of a recording neither depends on another one nor changes anything: it says nothing of its own, or only looks at settings. */
const standsAlone = ({ request: { path, params, headers }, status }: Step): boolean =>
  /^\/system\/get/.test(path) || (Object.keys({ ...params, ...headers }).length === 0 && !/\d{4}/.test(path)) || status === 405;

/** A recording with what stands alone before all else, the last first. */
const reordered = (steps: readonly Step[]): Step[] => [
  ...steps.filter(standsAlone).toReversed(),
  ...steps.filter((step) => !standsAlone(step)),
];

/** Recordings are told in order; every other list stands for itself. */
function second(value: unknown, key = ''): unknown {
  if (key === 'exchanges') return renamed({ ...Object(value), cases: reordered(Object(value).cases) });
  if (key === 'server_transcripts') return renamed({ ...Object(value), events: reordered(Object(value).events) });
  if (Array.isArray(value)) return value.toReversed();
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(Object.entries(value).map(([name, item]) => [name, second(item, name)]));
}

for (const file of ['privacyidea.json', 'linotp.json']) {
  const first: unknown = JSON.parse(readFileSync(join('test/vectors', file), 'utf8'));
  writeFileSync(join(folder, file), `${JSON.stringify(second(first), null, 1)}\n`);
}
