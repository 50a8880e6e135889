import assert from 'node:assert/strict';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { inspectConfig, type Problem, problemText } from '../../src/config/index.ts';
import { newKeyring } from '../../src/foundation/keyring/index.ts';
import { openLog } from '../../src/foundation/telemetry/index.ts';
import { selfSigned } from '../foundation/wire/self-signed.ts';
import { configText } from '../kit/gateway.ts';
import { cleanup, temporaryFolder } from '../kit/temporary.ts';

const secret = { $env: 'SECRET' };
const proxy = 'http://127.0.0.1:3128';
const whole = {
  providers: [
    { name: 'cs', kind: 'challenge-service', config: { push_url: ['https://cs.example/'], access_certificate: 'client.pem', proxy } },
    { name: 'hook', kind: 'webhook', config: { url: 'https://h.example/', signing_key: secret, headers: { 'x-a': 'b' }, proxy } },
    {
      name: 'apple',
      kind: 'apns',
      config: { certificate: 'client.pem', topic: 'com.example', production_url: 'https://a.example', proxy },
    },
    { name: 'google', kind: 'firebase', config: { service_account: secret, api_url: 'https://f.example', project_id: 'acme', proxy } },
    { name: 'web', kind: 'webpush', config: { subject: 'mailto:a@b.example', private_key: secret, allowed_hosts: ['*.example'], proxy } },
  ],
  realms: [{ name: 'corp', users: ['ad'] }],
  userSources: [
    {
      name: 'ad',
      kind: 'ldap',
      config: { urls: 'ldaps://ad.example', baseDn: 'dc=x', bindDn: 'cn=x', bindPassword: secret, ca: 'client.pem' },
    },
  ],
  radiusServers: [{ name: 'r', servers: 'radius.example', secret }],
  keycloaks: [
    { name: 'k', issuer: 'https://a.example/realms/x', jwksUrl: 'https://b.example', callbackUrl: 'https://c.example', ca: 'ca.pem' },
  ],
  trustedJwts: [{ publicKey: secret, algorithm: 'ES256', role: 'admin', username: 'a.*' }],
  settings: { responseSigningKey: secret, OverrideAuthorizationClient: '10.0.0.1' },
};

const hostile: unknown[] = [
  '',
  '%',
  'http://user:hunter2%ss@127.0.0.1:3128',
  'https://[::1',
  'ldaps://%zz',
  '(((',
  '[a-',
  '\u0000',
  '\ud800',
  '..',
  '-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----',
  'x'.repeat(5000),
  null,
  -1,
  [],
  {},
  { toString: 1, valueOf: 1 },
  JSON.parse('{"__proto__": {"kind": "x"}, "constructor": 1}'),
];

/** Every place of a text in a value. */
function placesIn(value: unknown, path: PropertyKey[] = []): PropertyKey[][] {
  if (typeof value === 'string') return [path];
  if (typeof value !== 'object' || value === null) return [];
  return Object.entries(value).flatMap(([key, each]) => placesIn(each, [...path, Array.isArray(value) ? Number(key) : key]));
}

function replaced(value: unknown, [key, ...rest]: readonly PropertyKey[], by: unknown): unknown {
  if (key === undefined) return by;
  if (Array.isArray(value)) return value.map((each, index) => (index === key ? replaced(each, rest, by) : each));
  return Object.fromEntries(Object.entries(Object(value)).map(([name, each]) => [name, name === key ? replaced(each, rest, by) : each]));
}

describe('A configuration with hostile values', function () {
  this.timeout(60_000);
  const undo = cleanup();
  afterEach(() => undo.run());

  const given = () => {
    const folder = temporaryFolder(undo);
    writeFileSync(join(folder, 'client.pem'), selfSigned.cert + selfSigned.key);
    writeFileSync(join(folder, 'keyring.json'), newKeyring(0));
    const file = join(folder, 'config.json');
    return async (config: unknown, text = 'a secret of more than 32 characters, which is of no use'): Promise<Problem[]> => {
      writeFileSync(file, JSON.stringify(config));
      return inspectConfig(file, { SECRET: text }, openLog('silent'));
    };
  };
  const bare: Record<string, unknown> = JSON.parse(configText());
  const base: unknown = { ...bare, ...whole };

  for (const [part, value] of Object.entries(whole)) {
    it(`is answered with problems, never with an exception: ${part}`, async () => {
      const check = given();
      // One entry at a time, which is what makes this fast.
      for (const entry of Array.isArray(value) ? value.map((each) => [each]) : [value]) {
        for (const place of placesIn(entry)) {
          const never = place.some((key) => /url|proxy/.test(String(key))) ? /hunter2|as a defect/ : /as a defect/;
          for (const by of hostile) {
            const told = (await check({ ...bare, [part]: replaced(entry, place, by) })).map(problemText).join('\n');
            assert.doesNotMatch(told, never, `${part}.${place.join('.')} = ${JSON.stringify(by)}`);
          }
        }
      }
    });
  }

  it('is answered with problems whatever its secrets hold', async () => {
    const check = given();
    for (const text of hostile.filter((each) => typeof each === 'string')) assert.ok((await check(base, text)).length > 0);
  });

  it('tells of a keyring that is none, as the start would', async () => {
    const told = (await given()({ ...bare, keyring: { $env: 'SECRET' } })).map(problemText);
    assert.deepEqual(told, ['keyring: The keyring is not JSON. Restore the file that the first start created.']);
  });

  it('tells of a proxy whose password is not escaped in one sentence, beside the other problems', async () => {
    const providers = [
      {
        name: 'a',
        kind: 'webhook',
        config: { url: 'https://h.example/', signing_key: secret, proxy: 'http://user:hunter2%ss@127.0.0.1:3128' },
      },
      { name: 'b', kind: 'challenge-service', config: { push_url: 'https://cs.example/', access_certificate: 'gone.pem' } },
    ];
    const told = (await given()({ ...JSON.parse(configText()), providers })).map(problemText);
    assert.deepEqual(
      told.map((line) => line.split(': ')[0]),
      ['providers[0].config.proxy', 'providers[1].config.access_certificate'],
    );
    assert.match(told[0] ?? '', /has a % that is not an escape; write % as %25/);
  });
});
