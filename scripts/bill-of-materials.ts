/**
 * The bill of materials (CycloneDX) of shipped packages: all packages of package-lock.json except those that only
 * development needs.
 */
import { execFileSync } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';

/** One package in CycloneDX form, with the fields that are used here. */
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

/** The packages to leave out: those only for development, and also those that the image omits. */
export type Leaving = 'nothing' | 'development' | 'development-and-optional';

/**
 * The bill of materials of the working folder. npm writes it from package-lock.json, without network or build. The
 * marks of the lock decide here which packages are removed: `npm sbom --omit=dev` of npm 11 also drops shipped packages
 * that development needs too, such as bson.
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
  // npm names it after its folder.
  const metadata = { ...bill.metadata, component: { ...bill.metadata.component, name: read<Root>('package.json').name } };
  return { ...bill, metadata, components, dependencies };
}

/** The packages that stay, as `name@version`, each with a folder that holds it. */
function keptFolders(leaving: Leaving): Map<string, string> {
  // The Node that a clone installs is in no package and no image.
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

/**
 * Old packages list their licences, and npm does not copy the list into the lock. Empty for a package that is not
 * installed here.
 */
function installedLicences(folder: string): NonNullable<Component['licenses']> {
  if (!existsSync(`${folder}/package.json`)) return [];
  const { license, licenses = [] } = read<{ license?: string; licenses?: { type: string }[] }>(`${folder}/package.json`);
  const names = license === undefined ? licenses.map(({ type }) => type) : [license];
  return names.map((id) => ({ license: { id } }));
}

/** The licence of a package as an SPDX expression; empty if it names none. Several licences are all required. */
export const licenceOf = ({ licenses = [] }: Component): string =>
  licenses.map(({ license, expression }) => expression ?? license?.id ?? license?.name ?? '').join(' AND ');
