/**
 * `npm run package`: collects the published package in `build/package`: the built program, types for plug-ins,
 * configuration, docs and bill of materials. It leaves out sources, tests and the Node of a clone (190 MB).
 */
import { execFileSync } from 'node:child_process';
import { cpSync, globSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';

/** Another folder, for a trial run. */
const [target = 'build/package'] = process.argv.slice(2);
const copied = [
  'bin',
  'config',
  'deploy',
  'docs',
  'CONTRIBUTING.md',
  'README.md',
  'CHANGELOG.md',
  'SECURITY.md',
  'LICENSE',
  ...globSync('providers/*/README.md'),
];
/** The types for plug-ins; all other types stay private. */
const kit = 'src/delivery/provider-kit/kit';

/** Excludes credentials that an operator of this clone has put beside the Kubernetes files. */
const isPublished = (source: string): boolean =>
  !source.endsWith('biome.json') && !/provider-secrets\/(?!kustomization\.yaml$)/.test(source.replaceAll('\\', '/'));

function build(): void {
  rmSync(target, { recursive: true, force: true });
  const dist = join(target, 'dist');
  for (const project of ['tsconfig.build.json', 'tsconfig.kit.json'])
    execFileSync('tsc', ['-p', project, '--outDir', dist], { stdio: 'inherit' });
  for (const path of copied) {
    mkdirSync(dirname(join(target, path)), { recursive: true });
    cpSync(path, join(target, path), { recursive: true, filter: isPublished });
  }
  execFileSync(process.execPath, ['scripts/sbom.ts', join(target, 'sbom.cdx.json')], { stdio: 'inherit' });
  const manifest = manifestOf(JSON.parse(readFileSync('package.json', 'utf8')));
  writeFileSync(join(target, 'package.json'), `${JSON.stringify(manifest, null, 2)}\n`);
}

/** The published package.json: the repository's own without entries that only a clone needs. */
function manifestOf({ name, version, description, license, type, bin, engines, dependencies, ...rest }: Record<string, unknown>) {
  const { repository, homepage, bugs, keywords } = rest;
  const exports = { './provider-kit': { types: `./dist/${kit}.d.ts` }, './package.json': './package.json' };
  const files = ['bin', 'dist', 'providers', 'config', 'deploy', 'docs', 'CHANGELOG.md', 'CONTRIBUTING.md', 'SECURITY.md', 'sbom.cdx.json'];
  const told = { name, version, description, license, keywords, homepage, repository, bugs };
  return { ...told, type, bin, exports, files, engines, dependencies };
}

build();
