import assert from 'node:assert/strict';
import { checkConfig, problemText } from '../../src/config/index.ts';
import { configText } from '../kit/gateway.ts';

type Draft = Record<string, unknown> & { listeners: Record<string, unknown>[]; policies: object[]; providers: object[] };

async function problemsAfter(change: (draft: Draft) => unknown): Promise<string[]> {
  const draft: Draft = JSON.parse(configText());
  change(draft);
  const checked = await checkConfig(JSON.stringify(draft), '/nowhere/config.json', {});
  return (checked.ok ? checked.value.warnings : checked.error).map(problemText);
}

const provider = (config: object) => (draft: Draft) => draft.providers.push({ name: 'x', kind: 'challenge-service', config });
const linotp = (config: object) => provider({ push_url: 'https://a.example', ...config });
const settings = (config: object) => (draft: Draft) => Object.assign(draft, { settings: config });

describe('A problem of a configuration, in plain words,', () => {
  const cases: [what: string, change: (draft: Draft) => unknown, line: string | RegExp][] = [
    ['a part that is missing', (draft) => delete draft.store, /^store: is missing; give an object \{ … \}$/],
    ['a secret that is missing', (draft) => delete draft.keyring, /^keyring: /],
    ['a text that is missing', (draft) => Object.assign(draft, { realms: [{}] }), 'realms[0].name: is missing; give a text'],
    [
      'a number in place of a text',
      (draft) => Object.assign(draft, { realms: [{ name: 7 }] }),
      'realms[0].name: expected a text, not this number',
    ],
    ['a text in place of a number', settings({ drainMs: '10' }), 'settings.drainMs: expected a number, not this text'],
    ['half a number', settings({ drainMs: 1.5 }), 'settings.drainMs: expected a whole number, not this number'],
    ['too small a number', settings({ PushChallengeValidityTime: 9 }), 'settings.PushChallengeValidityTime: must be 10 or more'],
    ['too large a number', settings({ PushChallengeValidityTime: 900 }), 'settings.PushChallengeValidityTime: must be 600 at most'],
    ['one of several numbers', settings({ serverKeyBits: 1024 }), 'settings.serverKeyBits: expected 2048 or 3072 or 4096, not this number'],
    [
      'a level that is misspelt',
      settings({ logLevel: 'wran' }),
      'settings.logLevel: expected one of debug, info, warn, error, silent, not this text; did you mean "warn"?',
    ],
    ['an object in place of a list', (draft) => Object.assign(draft, { policies: {} }), 'policies: expected a list [ … ], not an object'],
    ['a list without entries', (draft) => Object.assign(draft, { listeners: [] }), 'listeners: must have 1 entry or more'],
    ['an unknown key near another', settings({ loglevel: 'info' }), 'settings.loglevel: unknown key; did you mean "logLevel"?'],
    [
      'an unknown key of a provider',
      provider({ push_url: 'https://a.example', pushUrls: [] }),
      'providers[1].config.pushUrls: unknown key; did you mean "push_url"?',
    ],
    [
      'an unknown key near none',
      (draft) => Object.assign(draft, { cluster: { nonsense: 1 } }),
      'cluster.nonsense: unknown key; remove it. There are: workers',
    ],
    [
      'a kind that is misspelt',
      (draft) => Object.assign(draft, { store: { kind: 'embeded' } }),
      /^store\.kind: expected one of embedded, mongodb, not this text; did you mean "embedded"\?$/,
    ],
    [
      'a URL that is none',
      provider({ push_url: 'cs.example' }),
      'providers[1].config.push_url: expected a URL, such as https://push.example.com/path',
    ],
    [
      'a file of authorities that is empty',
      linotp({ server_certificate: ' ' }),
      /server_certificate: must name a file; leave it out to trust/,
    ],
    ['an empty one', linotp({ server_certificate: '' }), /server_certificate: must name a file; leave it out/],
    ['LinOTP\'s "false"', linotp({ server_certificate: 'False' }), /server_certificate: must not be a text; write false without quotes/],
    ["LinOTP's Timeout", linotp({ Timeout: '3,5' }), 'providers[1].config.Timeout: unknown key; did you mean "timeout"?'],
    [
      'seconds as a number',
      linotp({ timeout: 120 }),
      'providers[1].config.timeout: expected seconds as a text: "5", or "3,5" for connecting and for the reply',
    ],
    ['a list within a text', linotp({ push_url: '["https://a.example"]' }), /push_url: is a list inside a text; write the list itself/],
    [
      'plain http beside a client certificate',
      provider({ push_url: ['https://a.example', 'http://b.example'], access_certificate: 'client.pem' }),
      'providers[1].config.push_url[1]: must begin with https://; plain http is for this machine only',
    ],
    ['a URL that is missing', provider({}), /^providers\[1\]\.config\.push_url: is missing/],
    [
      'a certificate that is a number',
      provider({ push_url: 'https://a.example', server_certificate: true }),
      'providers[1].config.server_certificate: expected a text or false, not true',
    ],
    [
      'a provider that is not there',
      (draft) => draft.policies.push({ name: 'p', actions: { push_provider: ['gone'] } }),
      /^policies\[1\]\.actions\.push_provider\[0\]: there is no provider "gone"; there are: \S/,
    ],
    [
      'a realm that is not there',
      (draft) =>
        Object.assign(draft, { realms: [{ name: 'a' }, { name: 'b' }], authServers: [{ name: 's', mounts: ['/'], realms: ['c'] }] }),
      'authServers[0].realms[0]: there is no realm "c"; there are: a, b',
    ],
    [
      'a source where there is none',
      (draft) => Object.assign(draft, { realms: [{ name: 'a', users: ['ldap'] }] }),
      'realms[0].users[0]: there is no user source "ldap"; define it under userSources',
    ],
    [
      'an action of a rule with the wrong value',
      (draft) => draft.policies.push({ name: 'p', actions: { push_wait: 'long' } }),
      /^policies\[1\]\.actions\.push_wait: expected a (whole )?number, not this text$/,
    ],
  ];
  for (const [what, change, line] of cases) {
    it(`tells of ${what}`, async () => {
      const problems = await problemsAfter(change);
      const isTold = (problem: string): boolean => (typeof line === 'string' ? problem === line : line.test(problem));
      assert.ok(problems.some(isTold), problems.join('\n') || 'no problem was found');
      assert.doesNotMatch(problems.join('\n'), /Invalid|received|undefined|Too (small|big)|Unrecognized/);
    });
  }
});
