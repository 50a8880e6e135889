/**
 * `npm run check:licences`: whether all that is shipped may be, by its licence. Ends with 1 and the packages that may not. Of packages that only development
 * needs it tells those whose licence is not on the list; nobody is handed them, so they stop nothing.
 */
import { billOfMaterials, type Component, licenceOf } from './bill-of-materials.ts';

/** Licences under which a package may be shipped, by their SPDX ids, and what they ask for. npm hands the texts on with each package. */
const allowed: Readonly<Record<string, string>> = {
  'Apache-2.0': 'our own; keep licence and notices, with a grant of patents',
  MIT: 'keep copyright and licence',
  ISC: 'as MIT',
  'BSD-2-Clause': 'as MIT',
  'BSD-3-Clause': 'as MIT, and no advertising with the names of its authors',
  'BlueOak-1.0.0': 'keep the licence or a link to it',
  '0BSD': 'asks for nothing',
};

/** Whether an expression of SPDX can be met by licences of the list: one side of OR, all of AND. One with brackets inside is for a person to read. */
function isAllowed(licence: string): boolean {
  const bare = licence.replace(/^\((.*)\)$/, '$1');
  if (/[()]/.test(bare)) return false;
  if (bare.includes(' OR ')) return bare.split(' OR ').some(isAllowed);
  if (bare.includes(' AND ')) return bare.split(' AND ').every(isAllowed);
  return Object.hasOwn(allowed, bare);
}

const told = (component: Component): string => `${component['bom-ref']}: ${licenceOf(component) || 'names no licence'}`;
const isWrong = (component: Component): boolean => !isAllowed(licenceOf(component));

const { components: shipped } = billOfMaterials('development');
const refs = new Set(shipped.map((component) => component['bom-ref']));
const others = billOfMaterials('nothing').components.filter((component) => !refs.has(component['bom-ref']));
const wrong = shipped.filter(isWrong);

for (const component of wrong)
  process.stderr.write(
    `${told(component)}\n  is shipped, and its licence is not in scripts/check-licences.ts. Take another package, or add the licence with what it asks for.\n`,
  );
const counts = Object.entries(Object.groupBy(shipped, licenceOf)).map(([licence, of = []]) => `${licence || 'none'} ${of.length}`);
process.stdout.write(`${shipped.length} packages are shipped: ${counts.sort().join(', ')}\n`);
process.stdout.write(
  `${others.length} are for development alone; not on the list: ${others.filter(isWrong).map(told).join(', ') || 'none'}\n`,
);
process.exitCode = wrong.length === 0 ? 0 : 1;
