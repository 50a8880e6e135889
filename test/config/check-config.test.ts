import assert from 'node:assert/strict';
import { globSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { checkConfig, loadConfig, problemText } from '../../src/config/index.ts';
import { configText } from '../kit/gateway.ts';
import { pushgate } from '../kit/gateway-process.ts';
import { cleanup, temporaryFolder } from '../kit/temporary.ts';

type Draft = Record<string, unknown> & {
  listeners: { address: string; mounts: Record<string, unknown>[] }[];
  policies: Record<string, unknown>[];
  providers: Record<string, unknown>[];
};

/** All lines that a configuration is answered with after `change`. */
async function problemsAfter(change: (draft: Draft) => unknown): Promise<string[]> {
  const draft: Draft = JSON.parse(configText());
  change(draft);
  const checked = await checkConfig(JSON.stringify(draft), '/nowhere/config.json', {});
  return (checked.ok ? checked.value.warnings : checked.error).map(problemText);
}

const fileOf = (name: string) => ({ name, kind: 'file', config: { file: 'users.json' } });
const withLdap = (config: object) => (draft: Draft) =>
  Object.assign(draft, { userSources: [{ name: 'x', kind: 'ldap', config: { urls: 'ldaps://ad.example', baseDn: 'dc=x', ...config } }] });

describe('A configuration file', () => {
  const undo = cleanup();
  afterEach(() => undo.run());

  for (const file of ['config/default.json', 'config/example.json']) {
    it(`${file} is fine, and names its schema`, async () => {
      const loaded = await loadConfig(file, { MONGODB_URL: 'mongodb://127.0.0.1' });
      assert.ok(loaded.ok, loaded.ok ? '' : loaded.error.map(problemText).join('\n'));
      assert.deepEqual(loaded.value.warnings, []);
      assert.equal(JSON.parse(readFileSync(file, 'utf8')).$schema, 'schema.json');
    });
  }

  it('for Active Directory leaves out disabled accounts wherever we show one', async () => {
    const shown = globSync(['config/*.json', 'deploy/**/*.json', 'docs/**/*.md', 'README.md', 'src/**/*.ts'])
      .flatMap((path) =>
        readFileSync(path, 'utf8')
          .split('\n')
          .map((line) => ({ path, line })),
      )
      .filter(({ line }) => line.includes('(objectClass=user)'));
    assert.ok(shown.length >= 4);
    for (const { path, line } of shown) assert.ok(line.includes('(!(userAccountControl:1.2.840.113556.1.4.803:=2))'), `${path}: ${line}`);
  });

  it('is frozen once it is checked', async () => {
    const loaded = await loadConfig('config/default.json', {});
    assert.ok(loaded.ok);
    assert.throws(() => Object.assign(loaded.value.config.settings, { drainMs: 1 }), TypeError);
  });

  const cases: [string, (draft: Draft) => unknown, RegExp][] = [
    ['an unknown key', (draft) => Object.assign(draft, { lisntener: 1 }), /^lisntener: unknown key/],
    [
      'an unknown key inside a part',
      (draft) => void Object.assign(draft.listeners[0]?.mounts[0] ?? {}, { pulicPoll: true }),
      /^listeners\[0\]\.mounts\[0\]\.pulicPoll: unknown key/,
    ],
    [
      'an address without a port',
      (draft) => Object.assign(draft.listeners, { 0: { address: '127.0.0.1', mounts: [{ path: '/', serves: 'ops' }] } }),
      /^listeners\[0\]\.address: /,
    ],
    [
      'an unknown dialect',
      (draft) => void Object.assign(draft.listeners[0]?.mounts[0] ?? {}, { serves: 'nonsense' }),
      /^listeners\[0\]\.mounts\[0\]\.serves: /,
    ],
    [
      'a flavour that there is not',
      (draft) => void Object.assign(draft.listeners[0]?.mounts[0] ?? {}, { flavour: 'linotp' }),
      /^listeners\[0\]\.mounts\[0\]\.flavour: .*edumfa/,
    ],
    [
      'a flavour and a grace of what has none',
      (draft) => void draft.listeners[0]?.mounts.push({ path: '/ops2', serves: 'ops', flavour: 'edumfa', finalizeGraceSeconds: 1 }),
      /^listeners\[0\]\.mounts\[\d\]\.flavour: only a privacyidea mount has a flavour/,
    ],
    [
      'two mounts that own one route',
      (draft) => void draft.listeners[0]?.mounts.push({ path: '/', serves: 'privacyidea' }),
      /^listeners\[0\].*\/(auth|validate|ttype|token)/,
    ],
    [
      'an unknown provider kind',
      (draft) => Object.assign(draft.providers, { 0: { name: 'x', kind: 'pigeon', config: {} } }),
      /^providers\[0\]\.kind: .*poll-only/,
    ],
    [
      'an unknown key of a provider',
      (draft) => Object.assign(draft.providers, { 0: { name: 'x', kind: 'poll-only', config: { a: 1 } } }),
      /^providers\[0\]\.config\.a: unknown key/,
    ],
    [
      'two default providers',
      (draft) => void draft.providers.push({ name: 'y', kind: 'poll-only', default: true, config: {} }),
      /^providers\[1\]\.default: /,
    ],
    [
      'a policy for a provider that is not there',
      (draft) => void draft.policies.push({ name: 'p', actions: { push_provider: ['gone'] } }),
      /^policies\[1\]\.actions\.push_provider\[0\]: .*gone/,
    ],
    [
      'a misspelt action',
      (draft) => void draft.policies.push({ name: 'p', actions: { push_title_on_mobil: 'x' } }),
      /^policies\[1\]\.actions\.push_title_on_mobil: .*push_title_on_mobile/,
    ],
    [
      'an action of the wrong type',
      (draft) => void draft.policies.push({ name: 'p', actions: { push_deadline_ms: 'soon' } }),
      /^policies\[1\]\.actions\.push_deadline_ms: /,
    ],
    [
      'a condition that looks ahead',
      (draft) => {
        const condition = { section: 'HTTP Request header', key: 'x-zone', comparator: 'matches', value: '(?!dmz).*' };
        draft.policies.push({ name: 'p', match: { conditions: [condition] }, actions: { push_ttl: 1 } });
      },
      /^policies\[1\]\.match\.conditions\[0\]\.value: looks ahead or behind, which is not supported; match the rest too, or exclude/,
    ],
    [
      'a condition on what policies never see',
      (draft) => {
        const condition = { section: 'Request Data', key: 'otppin', comparator: 'equals', value: '1' };
        draft.policies.push({ name: 'p', match: { conditions: [condition] }, actions: { push_ttl: 1 } });
      },
      /^policies\[1\]\.match\.conditions\[0\]\.key: policies never see "otppin"/,
    ],
    [
      'serials by a backreference',
      (draft) => void draft.policies.push({ name: 'p', actions: { serial: '^(PI|KI)\\1' } }),
      /^policies\[1\]\.actions\.serial: refers back to a group.*write out what the group may hold/,
    ],
    [
      'a mangle that takes and keeps',
      (draft) => void draft.policies.push({ name: 'p', actions: { mangle: ['user/a/b/', 'user/a++/b/'] } }),
      /^policies\[1\]\.actions\.mangle\[1\]: has a possessive repeat/,
    ],
    [
      'users of a trusted issuer by what comes after',
      (draft) =>
        Object.assign(draft, { trustedJwts: [{ publicKey: { $env: 'K' }, algorithm: 'ES256', role: 'admin', username: 'a(?=b)' }] }),
      /trustedJwts\[0\]\.username: looks ahead or behind/,
    ],
    [
      'a registration URL that is not in normal form',
      (draft) =>
        void draft.policies.push({
          name: 'p',
          scope: 'enrollment',
          actions: { push_registration_url: 'https://MFA.example.com:443/ttype/push' },
        }),
      /^policies\[1\]\.actions\.push_registration_url: .*https:\/\/mfa\.example\.com\/ttype\/push/,
    ],
    [
      'several workers on an embedded store',
      (draft) => Object.assign(draft, { cluster: { workers: 'all' } }),
      /^cluster\.workers: an embedded store is held by one process/,
    ],
    ['a number of workers that is none', (draft) => Object.assign(draft, { cluster: { workers: 0 } }), /^cluster\.workers: /],
    ['an unknown kind of store', (draft) => Object.assign(draft, { store: { kind: 'punch-cards' } }), /^store\.kind: .*mongodb/],
    [
      'the address of a database written into the file',
      (draft) => Object.assign(draft, { store: { kind: 'mongodb', url: 'mongodb://user:password@db.example' } }),
      /^store\.url: .*\$env/,
    ],
    [
      'a broken network',
      (draft) => Object.assign(draft, { authServers: [{ name: 'x', networks: ['10.0.0.0/33'], mounts: ['/'] }] }),
      /^authServers\[0\]\.networks\[0\]: /,
    ],
    [
      'an auth server for a mount that is not there',
      (draft) => Object.assign(draft, { authServers: [{ name: 'x', mounts: ['/gone'] }] }),
      /^authServers\[0\]\.mounts\[0\]: .*\/gone/,
    ],
    [
      'an auth server for a listener that is not there',
      (draft) => Object.assign(draft, { authServers: [{ name: 'x', mounts: [{ listener: 'gone', path: '/' }] }] }),
      /^authServers\[0\]\.mounts\[0\]: no listener has the name "gone"/,
    ],
    [
      'an auth server for a mount that its listener does not have',
      (draft) => {
        Object.assign(draft.listeners[0] ?? {}, { name: 'inside' });
        Object.assign(draft, { authServers: [{ name: 'x', mounts: [{ listener: 'inside', path: '/gone' }] }] });
      },
      /^authServers\[0\]\.mounts\[0\]: the listener "inside" has no mount at \/gone/,
    ],
    [
      'an auth server for a path that two listeners have',
      (draft) => {
        draft.listeners.push({ address: '127.0.0.1:8443', mounts: [{ path: '/', serves: 'privacyidea' }] });
        Object.assign(draft, { authServers: [{ name: 'x', mounts: ['/'] }] });
      },
      /^authServers\[0\]\.mounts\[0\]: warning: 2 listeners have a mount at \/ \(127\.0\.0\.1:0, 127\.0\.0\.1:8443\).*\{ "listener": "NAME", "path": "\/" \}/,
    ],
    [
      'two listeners with one name',
      (draft) => {
        Object.assign(draft.listeners[0] ?? {}, { name: 'inside' });
        Object.assign(draft.listeners, { 1: { name: 'Inside', address: '127.0.0.1:1', mounts: [{ path: '/', serves: 'ops' }] } });
      },
      /^listeners\[1\]\.name: "Inside" is there twice/,
    ],
    [
      'Latin-1 where no values are read',
      (draft) => Object.assign(draft.listeners[0] ?? {}, { mounts: [{ path: '/', serves: 'ops', encoding: 'latin-1' }] }),
      /^listeners\[0\]\.mounts\[0\]\.encoding: only what privacyidea and linotp mounts are sent/,
    ],
    [
      'an auth server of a realm that does not exist',
      (draft) =>
        Object.assign(draft, { authServers: [{ name: 'vpn', mounts: ['/'], realms: ['CORP', 'gone'] }], realms: [{ name: 'corp' }] }),
      /^authServers\[0\]\.realms\[1\]: there is no realm "gone"; there are: corp$/,
    ],
    [
      'a second decoding that is none',
      (draft) => Object.assign(draft, { authServers: [{ name: 'vpn', mounts: ['/'], secondDecoding: true }] }),
      /^authServers\[0\]\.secondDecoding: /,
    ],
    [
      'two default realms',
      (draft) =>
        Object.assign(draft, {
          realms: [
            { name: 'a', default: true },
            { name: 'b', default: true },
          ],
        }),
      /^realms\[1\]\.default: /,
    ],
    [
      'a push without data where phones may not ask',
      (draft) => {
        draft.providers.push({ name: 'mute', kind: 'firebase', config: { mode: 'opaque' } });
        draft.policies.push({ name: 'p', actions: { push_provider: ['mute'], push_allow_polling: 'deny' } });
      },
      /^policies\[1\]\.actions\.push_provider: "mute" sends no data/,
    ],
    [
      'a realm whose users nobody knows',
      (draft) => Object.assign(draft, { realms: [{ name: 'a', users: ['gone'] }] }),
      /^realms\[0\]\.users\[0\]: .*"gone"/,
    ],
    [
      'two sources of one name',
      (draft) => Object.assign(draft, { userSources: [fileOf('x'), fileOf('X')] }),
      /^userSources\[1\]\.name: "X" is there twice/,
    ],
    [
      'an unknown kind of source',
      (draft) => Object.assign(draft, { userSources: [{ name: 'x', kind: 'sql', config: {} }] }),
      /^userSources\[0\]\.kind: .*ldap/,
    ],
    ['passwords over LDAP in the clear', withLdap({ urls: 'ldap://ad.example' }), /^userSources\[0\]\.config\.urls: use ldaps/],
    ['an LDAP URL with a search in it', withLdap({ urls: 'ldaps://ad.example/dc=x' }), /^userSources\[0\]\.config\.urls.*: /],
    ['an LDAP filter without a user', withLdap({ filter: '(uid=*)' }), /^userSources\[0\]\.config\.filter: .*\{user\}/],
    ['a broken LDAP filter', withLdap({ filter: '(&(uid={user})' }), /^userSources\[0\]\.config\.filter: is not an LDAP filter/],
    ['half of a bind', withLdap({ bindDn: 'cn=svc' }), /^userSources\[0\]\.config\.bindPassword: .*belong together/],
    [
      'a bind password in the file',
      withLdap({ bindDn: 'cn=svc', bindPassword: 'x' }),
      /^userSources\[0\]\.config\.bindPassword: give a secret as/,
    ],
    [
      'a RADIUS server that is none',
      (draft) => Object.assign(draft, { radiusServers: [{ name: 'r', servers: 'radius://a/b', secret: { $env: 'X' } }] }),
      /^radiusServers\[0\]\.servers.*: /,
    ],
    ['a secret written into the file', (draft) => Object.assign(draft, { keyring: 'c2VjcmV0' }), /^keyring: /],
  ];
  for (const [what, change, line] of cases) {
    it(`with ${what} is refused, by its path`, async () => {
      const problems = await problemsAfter(change);
      assert.ok(
        problems.some((problem) => line.test(problem)),
        problems.join('\n') || 'no problem was found',
      );
    });
  }

  it('lets no phone answer for longer than ten minutes, wherever that is set', async () => {
    for (const name of ['PushChallengeValidityTime', 'EdupushChallengeValidityTime'])
      assert.match((await problemsAfter((draft) => Object.assign(draft, { settings: { [name]: 601 } }))).join(), /^settings\.\w+: .*600/);
    for (const name of ['push_validity_seconds', 'push_wait']) {
      const problems = await problemsAfter((draft) => void draft.policies.push({ name: 'p', actions: { [name]: 601 } }));
      assert.match(problems.join(), /^policies\[1\]\.actions\.\w+: .*600/);
    }
  });

  it('tells all problems at once', async () => {
    const problems = await problemsAfter((draft) => {
      draft.providers[0] = { name: 'x', kind: 'pigeon', config: {} };
      draft.realms = [{ name: 'a b' }];
      draft.extra = true;
    });
    for (const path of ['providers[0]', 'realms[0].name', 'extra'])
      assert.ok(
        problems.some((problem) => problem.startsWith(path)),
        path,
      );
  });

  it('tells them together with what only the parts as a whole show', async () => {
    const problems = await problemsAfter((draft) => {
      draft.providers[0] = { name: 'x', kind: 'challenge-service', config: { push_url: 'http://cs.example/' } };
      draft.providers.push({ name: 'x', kind: 'poll-only', config: {} });
      draft.policies.push({ name: 'p', match: { user: ['!bob'] }, actions: { push_provider: ['gone'] } });
    });
    assert.deepEqual(
      problems.map((problem) => problem.split(':')[0]),
      ['providers[0].config.push_url', 'providers[1].name', 'policies[1].actions.push_provider[0]', 'policies[1].match.user'],
    );
  });

  it('says nothing of workers while it does not know the store', async () => {
    const problems = await problemsAfter((draft) =>
      Object.assign(draft, { cluster: { workers: 2 }, store: { kind: 'mongodb', url: 'x' } }),
    );
    assert.deepEqual(
      problems.map((problem) => problem.split(':')[0]),
      ['store.url'],
    );
  });

  it('finds every file that a provider or a source of users cannot use, beside all else', async () => {
    const folder = temporaryFolder(undo);
    const draft: Draft = JSON.parse(configText());
    const config = { push_url: 'https://cs.example/', access_certificate: 'gone.pem', server_certificate: 'none.pem' };
    draft.providers = [{ name: 'cs', kind: 'challenge-service', config }];
    draft.policies.push({ name: 'p', actions: { push_provider: ['gone'] } });
    draft.userSources = [fileOf('x')];
    writeFileSync(join(folder, 'none.pem'), 'nothing');
    writeFileSync(join(folder, 'config.json'), JSON.stringify(draft));
    const { code, out } = await pushgate('check-config', join(folder, 'config.json'));
    assert.equal(code, 1);
    for (const line of [
      /^policies\[1\]\.actions\.push_provider\[0\]: /m,
      /^providers\[0\]\.config\.access_certificate: Cannot read .*gone\.pem/m,
      /^userSources\[0\]\.config: The user file .*users\.json cannot be used/m,
      /^providers\[0\]\.config\.server_certificate: There is no certificate in .*none\.pem/m,
    ])
      assert.match(out, line);
  }).timeout(30_000);

  it('follows references to secrets, and says what is missing', async () => {
    const problems = await problemsAfter((draft) => {
      draft.providers[0] = { name: 'x', kind: 'poll-only', config: { a: { $env: 'NOT_SET' }, b: { $file: 'gone.txt' } } };
    });
    assert.ok(
      problems.some((problem) => /^providers\[0\]\.config\.a: .*NOT_SET/.test(problem)),
      problems.join('\n'),
    );
    assert.ok(
      problems.some((problem) => /^providers\[0\]\.config\.b: .*\/nowhere\/gone\.txt/.test(problem)),
      problems.join('\n'),
    );
  });

  it('tells a secret that is missing from one that stands in the file', async () => {
    const about = async (keyring: unknown) =>
      (await problemsAfter((draft) => void Object.assign(draft, { keyring }))).find((problem) => problem.startsWith('keyring'));
    assert.match((await about(undefined)) ?? '', /^keyring: is missing: write \{"\$file"/);
    assert.match((await about('s3cret')) ?? '', /^keyring: a secret never stands in the file itself: write \{"\$file"/);
  });

  it('names rules that give rights by realm, which was the administrator’s once', async () => {
    const rule =
      (match: object, actions: object = { enable: true }) =>
      (draft: Draft) =>
        void draft.policies.unshift({ name: 'r', match, actions });
    const changed = /^policies\[0\]\.match\.realm: warning: now means the realm of the push token.*adminRealm/;
    const found = async (change: (draft: Draft) => unknown) =>
      (await problemsAfter(change)).filter((line) => line.startsWith('policies[0]'));
    const [first, ...others] = await found(rule({ realm: ['corp'] }));
    assert.match(first ?? '', changed);
    assert.deepEqual(others, []);
    assert.deepEqual(await found(rule({ realm: ['corp'], adminRealm: ['*'] })), []);
    assert.deepEqual(await found(rule({ realm: ['corp'] }, { push_title_on_mobile: 'x' })), []);
    assert.match(
      (await found(rule({ adminRealm: ['x'] }, { push_title_on_mobile: 'x' })))[0] ?? '',
      /never decides: adminRealm applies to/,
    );
  });

  it('is checked by a command that exits with 1 and prints each problem on a line', async () => {
    const file = join(temporaryFolder(undo), 'config.json');
    writeFileSync(file, '{"listeners": [], "nonsense": 1}');
    const bad = await pushgate('check-config', file);
    const good = await pushgate('check-config', 'config/default.json');
    const gone = await pushgate('check-config', 'nowhere.json');
    assert.equal(bad.code, 1);
    assert.match(bad.out, /^listeners: /m);
    assert.match(bad.out, /^nonsense: unknown key/m);
    assert.equal(good.code, 0);
    assert.match(
      good.out,
      /^What phones are asked:\n {2}without a matching rule: a plain yes or no\..*\nconfig\/default\.json is fine\.\n$/,
    );
    assert.deepEqual([gone.code, /nowhere\.json cannot be read \(ENOENT\)/.test(gone.out)], [1, true]);
  }).timeout(30_000);
});
