import assert from 'node:assert/strict';
import { referenceOutput } from '../../src/cli/commands/config-reference.ts';
import { runCli } from '../kit/operator.ts';

describe('pushgate config reference', () => {
  const reference = (...words: string[]) => runCli(['config', 'reference', ...words]);

  it('says what a key does, with its type, its default and an example', async () => {
    const { code, out } = await reference('lockout');
    assert.equal(code, 0);
    assert.match(out, /^settings\.lockout\n {2}How failures are counted\./);
    assert.match(out, /Type: "token" or "source"\n {2}Default: "token"\n {2}Example: "lockout": "source"\n$/);
  });

  it('says of an action where it acts, and what applies without it', async () => {
    const { out } = await reference('push_ttl');
    assert.match(
      out,
      /Scope: enrollment\n {2}Type: whole number, 1 to 1440 \(minutes\)\n {2}Without it: 10\n {2}Acts at mounts: privacyidea, rest\n/,
    );
  });

  it('shows all keys below one', async () => {
    const { out } = await reference('store');
    for (const key of ['store', 'store.kind', 'store.embedded.path', 'store.mongodb.url']) assert.ok(out.split('\n').includes(key), key);
    assert.ok(!out.includes('settings.lockout'));
  });

  it('lists every key in a line of its own without a key', async () => {
    const { code, out } = await reference();
    assert.equal(code, 0);
    assert.match(out, /^KEY +DOES\n/);
    for (const key of ['settings.lockout', 'push_ttl', 'auditlog']) assert.match(out, new RegExp(`^${key} {2,}[A-Z].*\\.$`, 'm'));
    // and no line breaks off before the choices that it names
    assert.doesNotMatch(out, /:$/m);
  });

  const unknown: [key: string, sentence: RegExp][] = [
    ['setings.lockout', /there is no key or action "setings\.lockout"; the nearest name is settings\.lockout/],
    ['qwertz', /there is no key or action "qwertz"; npx pushgate config reference lists all/],
  ];
  for (const [key, sentence] of unknown)
    it(`tells the nearest name of ${key}, or where to look`, async () => {
      const { code, out, err } = await reference(key);
      assert.deepEqual([code, out], [2, '']);
      assert.match(err, sentence);
    });

  it('prints the same as data', async () => {
    const { code, out } = await reference('failover_statuses', '--json');
    assert.equal(code, 0);
    const { entries } = referenceOutput.schema.parse(JSON.parse(out));
    assert.deepEqual(
      entries.map(({ key, default: usual, required }) => ({ key, usual, required })),
      [{ key: 'providers.challenge-service.config.failover_statuses', usual: [502, 503, 504], required: false }],
    );
  });
});
