import type { Catalog } from '../../src/config/index.ts';
import { type CheckedEntry, configEntries } from '../../src/config/reference/index.ts';
import { entryBlock } from './entry-block.ts';
import { anchor, code, page, wrapped } from './markdown.ts';

/** The page about all keys of the configuration file. */
export function configPage(catalog: Catalog): string {
  const entries = configEntries(catalog);
  const parts = entries.filter(({ key }) => !key.includes('.'));
  return page([
    '# Configuration reference',
    wrapped(
      'Every key of the configuration file. `npx pushgate config reference KEY` prints the same. ' +
        '[config/example.json](../../config/example.json) is a whole file.',
    ),
    wrapped(
      'A dot leads into an object or into each entry of a list. Keys that one kind of store, user source or provider has stand below its kind, ' +
        'such as `providers.firebase.config.mode`. Relative paths count from the folder of the file. An unknown key stops the start.',
    ),
    wrapped('A secret is never written into the file. It is a reference: `{"$file": "path"}` or `{"$env": "NAME"}`.'),
    parts.map(({ key }) => `- [${code(key)}](#${anchor(key)})`).join('\n'),
    ...entries.map((entry) => entryBlock(entry, levelOf(entry))),
  ]);
}

const levelOf = ({ key }: CheckedEntry): number => (key.includes('.') ? 3 : 2);
