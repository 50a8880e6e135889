import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { type Bill, billOfMaterials, licenceOf } from '../../scripts/bill-of-materials.ts';
import { cleanup, temporaryFolder } from '../kit/temporary.ts';

type Locked = { version: string; integrity?: string; dev?: boolean; license?: string };
const { packages }: { packages: Record<string, Locked> } = JSON.parse(readFileSync('package-lock.json', 'utf8'));
const shipped = Object.entries(packages).filter(([folder, { dev }]) => folder !== '' && !dev && !folder.includes('/node-linux-'));
const nameOf = (folder: string): string => folder.replace(/^.*node_modules\//, '');
const named = ({ components }: Bill): string[] => components.map(({ name, version }) => `${name}@${version}`).sort();

describe('The bill of materials', function () {
  this.timeout(60_000);
  const undo = cleanup();
  after(() => undo.run());

  it('names all packages that are shipped, each once, and none that only development needs', () => {
    const file = join(temporaryFolder(undo), 'made/sbom.json');
    const { status, stderr } = spawnSync(process.execPath, ['scripts/sbom.ts', file], { encoding: 'utf8' });
    assert.equal(status, 0, stderr);
    const bill: Bill = JSON.parse(readFileSync(file, 'utf8'));
    assert.deepEqual([bill.bomFormat, bill.specVersion, bill.metadata.component.purl], ['CycloneDX', '1.5', 'pkg:npm/pushgate@0.1.0']);
    assert.deepEqual(named(bill), [...new Set(shipped.map(([folder, { version }]) => `${nameOf(folder)}@${version}`))].sort());
    // Development needs it as well; `npm sbom --omit=dev` leaves it out.
    assert.ok(named(bill).some((name) => name.startsWith('bson@')));
  });

  it('says of each what it is, by address, hash and licence, as installed', () => {
    const components = new Map(billOfMaterials('development').components.map((component) => [component['bom-ref'], component]));
    for (const [folder, { version, integrity = '' }] of shipped) {
      const component = components.get(`${nameOf(folder)}@${version}`);
      assert.equal(component?.purl, `pkg:npm/${nameOf(folder).replace('@', '%40')}@${version}`);
      const [{ alg = '', content = '' } = {}] = component?.hashes ?? [];
      assert.equal(`${alg.toLowerCase().replace('-', '')}-${Buffer.from(content, 'hex').toString('base64')}`, integrity, folder);
      if (!existsSync(`${folder}/package.json`)) continue;
      const { license, licenses = [] } = JSON.parse(readFileSync(`${folder}/package.json`, 'utf8'));
      assert.equal(component && licenceOf(component), license ?? licenses[0]?.type, folder);
    }
  });

  it('leaves out what the image goes without, and knows who needs what', () => {
    const { components, dependencies } = billOfMaterials('development-and-optional');
    const refs = components.map((component) => component['bom-ref']);
    assert.ok(refs.some((ref) => ref.startsWith('firebase-admin@')));
    assert.ok(!refs.some((ref) => ref.startsWith('@google-cloud/')));
    const told = dependencies.flatMap(({ ref, dependsOn }) => [ref, ...dependsOn]);
    assert.deepEqual([...new Set(told)].sort(), [...refs, 'pushgate@0.1.0'].sort());
  });
});

/** A package of one dependency, which says this of itself. */
function checked(folder: string, { license, dev = false }: { license?: string; dev?: boolean }) {
  const root = { name: 'given', version: '1.0.0', [dev ? 'devDependencies' : 'dependencies']: { leftish: '1.0.0' } };
  const leftish = {
    version: '1.0.0',
    resolved: 'https://registry.npmjs.org/leftish/-/leftish-1.0.0.tgz',
    license,
    ...(dev ? { dev } : {}),
  };
  const lock = { name: 'given', version: '1.0.0', lockfileVersion: 3, requires: true };
  writeFileSync(join(folder, 'package.json'), JSON.stringify(root));
  writeFileSync(join(folder, 'package-lock.json'), JSON.stringify({ ...lock, packages: { '': root, 'node_modules/leftish': leftish } }));
  return spawnSync(process.execPath, [resolve('scripts/check-licences.ts')], { cwd: folder, encoding: 'utf8' });
}

describe('The check of licences', function () {
  this.timeout(60_000);
  const undo = cleanup();
  after(() => undo.run());

  it('takes what is shipped', () => {
    const { status, stdout, stderr } = spawnSync(process.execPath, ['scripts/check-licences.ts'], { encoding: 'utf8' });
    assert.deepEqual([status, stderr], [0, '']);
    assert.match(stdout, /^\d+ packages are shipped: .*MIT \d+\n/);
  });

  for (const license of ['GPL-3.0-only', undefined, 'MIT AND GPL-3.0-only', '(MIT OR ISC) AND (GPL-3.0-only OR AGPL-3.0-only)'])
    it(`stops at a package that is shipped under ${license ?? 'no licence'}, names it, and says what to do`, () => {
      const { status, stderr } = checked(temporaryFolder(undo), license === undefined ? {} : { license });
      assert.equal(status, 1);
      assert.equal(stderr.split('\n')[0], `leftish@1.0.0: ${license ?? 'names no licence'}`);
      assert.match(stderr, /Take another package, or add the licence/);
    });

  for (const license of ['(GPL-2.0 OR MIT)', 'MIT AND ISC'])
    it(`takes a package under ${license}`, () => {
      const { status, stderr } = checked(temporaryFolder(undo), { license });
      assert.deepEqual([status, stderr], [0, '']);
    });

  it('tells of a package that only development needs, and lets it be', () => {
    const { status, stdout } = checked(temporaryFolder(undo), { license: 'GPL-3.0-only', dev: true });
    assert.equal(status, 0);
    assert.match(stdout, /not on the list: leftish@1\.0\.0: GPL-3\.0-only/);
  });
});
