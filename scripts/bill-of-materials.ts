/** What is shipped of other people's work: the packages of package-lock.json that no part of development alone brought in, as CycloneDX has them. */
import { execFileSync } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';

/** One package as CycloneDX has it, as far as it is looked at here. */
export type Component = {
  'bom-ref': string;
  type: string;
  name: string;
  version: string;
  scope: 'required' | 'optional';
  purl: string;
  hashes?: { alg: string; content: string }[];
  licenses?: { license?: { id?: string; name?: string }; expression?: string }[];
};

/** A CycloneDX document (1.5), as npm writes it. */
export type Bill = {
  bomFormat: 'CycloneDX';
  specVersion: string;
  metadata: { component: Component };
  components: Component[];
  dependencies: { ref: string; dependsOn: string[] }[];
};

/** An entry of package-lock.json; its key is the folder of the package. */
type Locked = { version?: string; dev?: boolean; optional?: boolean; devOptional?: boolean };
type Root = { name: string; optionalDependencies?: Record<string, string> };

/** What is left out: packages that only development needs, and what the image goes without, too. */
export type Leaving = 'nothing' | 'development' | 'development-and-optional';

/**
 * The bill of materials of the folder that this runs in. npm writes it out of package-lock.json (no network, nothing has to be built); what is not shipped is
 * taken out here by the lock's own marks, since `npm sbom --omit=dev` of npm 11 also drops shipped packages that development needs as well, such as bson.
 */
export function billOfMaterials(leaving: Leaving): Bill {
  const written = execFileSync('npm', ['sbom', '--sbom-format=cyclonedx', '--sbom-type=application', '--package-lock-only'], {
    encoding: 'utf8',
    maxBuffer: 64 * 1024 * 1024,
  });
  const bill: Bill = JSON.parse(written);
  const kept = keptFolders(leaving);
  const components = bill.components
    .filter((component) => kept.has(component['bom-ref']))
    .map((component) => ({ ...component, licenses: component.licenses ?? installedLicences(kept.get(component['bom-ref']) ?? '') }));
  const self = bill.metadata.component['bom-ref'];
  const isNamed = (ref: string): boolean => ref === self || kept.has(ref);
  const dependencies = bill.dependencies
    .filter(({ ref }) => isNamed(ref))
    .map(({ ref, dependsOn }) => ({ ref, dependsOn: dependsOn.filter(isNamed) }));
  // npm calls it by the folder that it lies in.
  const metadata = { ...bill.metadata, component: { ...bill.metadata.component, name: read<Root>('package.json').name } };
  return { ...bill, metadata, components, dependencies };
}

/** The packages that are not left out, as `name@version`, with a folder that has them. */
function keptFolders(leaving: Leaving): Map<string, string> {
  // The Node that a clone brings along is in no package and no image.
  const ours = Object.keys(read<Root>('package.json').optionalDependencies ?? {}).map((name) => `node_modules/${name}`);
  const isKept = ([folder, { dev, optional, devOptional }]: [string, Locked]): boolean =>
    folder !== '' &&
    (leaving === 'nothing' || (!dev && !ours.includes(folder))) &&
    (leaving !== 'development-and-optional' || !(optional || devOptional));
  const { packages } = read<{ packages: Record<string, Locked> }>('package-lock.json');
  return new Map(
    Object.entries(packages)
      .filter(isKept)
      .map(([folder, { version }]) => [refOf(folder, version), folder]),
  );
}

const read = <T>(file: string): T => JSON.parse(readFileSync(file, 'utf8'));

/** `node_modules/a/node_modules/b` of version 1.0.0 is `b@1.0.0`. */
const refOf = (folder: string, version = ''): string =>
  `${folder.slice(folder.lastIndexOf('node_modules/') + 'node_modules/'.length)}@${version}`;

/** Old packages name their licences in a list, which npm does not copy into the lock. None are known of a package that is not installed here. */
function installedLicences(folder: string): NonNullable<Component['licenses']> {
  if (!existsSync(`${folder}/package.json`)) return [];
  const { license, licenses = [] } = read<{ license?: string; licenses?: { type: string }[] }>(`${folder}/package.json`);
  const names = license === undefined ? licenses.map(({ type }) => type) : [license];
  return names.map((id) => ({ license: { id } }));
}

/** The licence of a package as an expression of SPDX; empty where it names none. Of several that stand side by side all count. */
export const licenceOf = ({ licenses = [] }: Component): string =>
  licenses.map(({ license, expression }) => expression ?? license?.id ?? license?.name ?? '').join(' AND ');
