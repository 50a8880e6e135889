import assert from 'node:assert/strict';
import { safeParse } from 'zod/v4/core';
import { loadKinds } from '../../providers/catalog.ts';
import { actionEntries, type CheckedEntry, configEntries, findEntries } from '../../src/config/reference/index.ts';
import { typeText } from '../../src/config/reference/type-text.ts';
import { record } from '../../src/foundation/model/index.ts';
import { Secret } from '../../src/foundation/settings/index.ts';
import { explainLimits, openPolicy } from '../../src/policy/index.ts';
import { notPlain } from '../kit/plain-english.ts';

/** An example as the schema gets it: the loading puts a secret in place of each reference. */
function loaded(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(loaded);
  if (typeof value !== 'object' || value === null) return value;
  const isReference = '$file' in value || '$env' in value;
  return isReference ? new Secret('') : Object.fromEntries(Object.entries(record(value)).map(([key, each]) => [key, loaded(each)]));
}

describe('The reference of configuration and policies', () => {
  let entries: CheckedEntry[] = [];
  before(async () => {
    entries = [...configEntries(await loadKinds()), ...actionEntries()];
  });
  const problems = (whatIsWrong: (entry: CheckedEntry) => string | undefined): string[] =>
    entries.flatMap((entry) => {
      const wrong = whatIsWrong(entry);
      return wrong === undefined ? [] : [`${entry.key}: ${wrong}`];
    });

  it('has every key of every part, and every action', () => {
    const keys = new Set(entries.map(({ key }) => key));
    for (const key of [
      'settings.lockout',
      'listeners.tls.clientCa',
      'providers.webpush.config.subject',
      'store.mongodb.url',
      'push_wait',
      'auditlog',
    ])
      assert.ok(keys.has(key), key);
    assert.equal(keys.size, entries.length, 'no key comes twice');
    assert.ok(entries.length > 300, `${entries.length} entries`);
  });

  it('says in plain English what each one does', () => {
    assert.deepEqual(
      problems(({ description }) => notPlain(description)),
      [],
    );
    assert.deepEqual(['', 'No end', 'Whoever calls.', 'Lists users. Who is not there waits.'].map(notPlain), [
      'empty',
      'without an end',
      'foreign: Whoever',
      'foreign: . Who',
    ]);
  });

  it('has an example of each one that its schema accepts', () => {
    const wrong = problems(({ key, example, schema }) => {
      if (example === undefined) return 'no example';
      const read = safeParse(schema, key === 'keyring' ? example : loaded(example));
      return read.success ? undefined : `${JSON.stringify(example)} ${read.error.issues[0]?.message}`;
    });
    assert.deepEqual(wrong, []);
  });

  it('names the unit of each number that is no count', () => {
    const isCount = /^(How many|How often|Number of|The highest number)\b/;
    assert.deepEqual(
      problems(({ type, unit, description }) =>
        /^(whole )?number/.test(type) && unit === undefined && !isCount.test(description) ? 'no unit' : undefined,
      ),
      [],
    );
  });

  it('says what applies where no rule sets an action, as the gateway has it', () => {
    const limits = explainLimits(openPolicy([]), { authServer: '', dialect: 'privacyidea', client: '', now: 0 });
    assert.ok(limits.length > 5);
    for (const { limit, value } of limits) assert.equal(entries.find(({ key }) => key === limit)?.unset, String(value), limit);
  });

  const asked: [asked: string, keys: string[]][] = [
    ['settings.lockout', ['settings.lockout']],
    ['lockout', ['settings.lockout']],
    ['push_ttl', ['push_ttl']],
    ['policies[2].actions.push_ttl', ['push_ttl']],
    [
      'listeners[0].tls',
      ['listeners.tls', 'listeners.tls.certificate', 'listeners.tls.key', 'listeners.tls.clientCa', 'listeners.tls.clientCertificate'],
    ],
    ['providers[0].config.topic', ['providers.apns.config.topic']],
    ['store.embedded', ['store.embedded.path']],
  ];
  for (const [key, keys] of asked)
    it(`finds ${key}`, () => {
      const found = findEntries(entries, key);
      assert.deepEqual(found.ok && found.value.map((entry) => entry.key), keys);
    });

  const near: [asked: string, near: string][] = [
    ['setings.lockout', 'settings.lockout'],
    ['push_tll', 'push_ttl'],
    ['colour', ''],
    ['', ''],
  ];
  for (const [key, name] of near)
    it(`finds no ${key || 'empty key'}, ${name ? `but says ${name}` : 'and none near it'}`, () => {
      const found = findEntries(entries, key);
      assert.deepEqual(found.ok ? 'found' : found.error, name);
    });

  const types: [json: Parameters<typeof typeText>[0], text: string][] = [
    [{ type: 'integer', minimum: 1, maximum: 5 }, 'whole number, 1 to 5'],
    [{ type: 'integer', minimum: -Number.MAX_SAFE_INTEGER, maximum: Number.MAX_SAFE_INTEGER }, 'whole number'],
    [{ type: 'number', exclusiveMinimum: 0, maximum: 5 }, 'number, above 0, at most 5'],
    [{ type: 'string', maxLength: 8 }, 'text, at most 8 characters'],
    [{ type: 'boolean' }, 'true or false'],
    [{ enum: ['a', 'b', 'c'] }, '"a", "b" or "c"'],
    [{ anyOf: [{ type: 'integer', minimum: 1 }, { const: 'all' }] }, 'whole number (1 or more) or "all"'],
    [{ type: 'array', items: { type: 'string', format: 'uri' } }, 'list of URLs'],
    [{}, 'JSON value'],
  ];
  for (const [json, text] of types) it(`calls ${JSON.stringify(json)} ${text}`, () => assert.equal(typeText(json), text));
});
