/**
 * `npm run check:licences`: checks that the licences of all shipped packages allow shipping. Exits with 1 and a list of
 * those that do not. Packages only for development are reported, but do not fail the check, because they are not
 * shipped.
 */
import { billOfMaterials, type Component, licenceOf } from './bill-of-materials.ts';

/** Licences that allow shipping, by SPDX id, with their conditions. npm ships the licence texts with each package. */
const allowed: Readonly<Record<string, string>> = {
  'Apache-2.0': 'our own; keep licence and notices, with a grant of patents',
  MIT: 'keep copyright and licence',
  ISC: 'as MIT',
  'BSD-2-Clause': 'as MIT',
  'BSD-3-Clause': 'as MIT, and no advertising with the names of its authors',
  'BlueOak-1.0.0': 'keep the licence or a link to it',
  '0BSD': 'asks for nothing',
};

/** Whether allowed licences satisfy an SPDX expression: one side of OR, all of AND. Nested brackets need a person. */
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
