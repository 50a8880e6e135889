import assert from 'node:assert/strict';
import { ruleConfig } from '../../src/policy/index.ts';
import { withoutReach } from '../../src/policy/reach.ts';

const allDialects = ['privacyidea', 'linotp', 'challenge-service', 'rest', 'keycloak-ciba', 'ops'];
const told = (rule: { match?: object; actions: object }, dialects = allDialects): string[] =>
  withoutReach(ruleConfig.parse({ name: 'r', ...rule }), {
    mounts: dialects.map((dialect) => ({ path: `/${dialect}`, dialect })),
    providers: [],
    realms: [],
    authServers: [],
    tokenTypes: [],
  }).map(({ level, path, message }) => `${level} ${path.join('.')}: ${message}`);

describe('An action and the mounts that its rule reaches', () => {
  const rows: [title: string, rule: Parameters<typeof told>[0], lines: string[], dialects?: string[]][] = [
    ['acts at all that name a user', { actions: { authorized: 'deny_access', max_token_per_user: 1 } }, []],
    ['acts where the rule says', { match: { dialect: ['privacyidea'] }, actions: { push_challenge_text: 'x' } }, []],
    ['acts at the mount that the rule names', { match: { mount: ['/privacyidea'] }, actions: { push_challenge_text: 'x' } }, []],
    ['acts at the only one there is', { actions: { push_challenge_text: 'x' } }, [], ['privacyidea']],
    ['is asked for by nobody where operators alone call', { actions: { push_challenge_text: 'x' } }, [], ['ops']],
    ['acts where operators call', { actions: { operate: true } }, []],
    [
      'has no effect at some of them',
      { actions: { push_challenge_text: 'x' } },
      ['warning actions.push_challenge_text: has no effect at mounts that serve linotp, rest'],
    ],
    [
      'has no effect where the rule names too many',
      { match: { dialect: ['*', '!ops'] }, actions: { serial: '^A' } },
      ['warning actions.serial: has no effect at mounts that serve challenge-service'],
    ],
    [
      'has no effect at any',
      { match: { dialect: ['linotp'] }, actions: { setrealm: 'corp' } },
      ['error actions.setrealm: has no effect at mounts that serve linotp, only at privacyidea'],
    ],
    [
      'is a right that nobody asks for',
      { actions: { revoke: true } },
      ['warning actions.revoke: has no effect at mounts that serve linotp, only at privacyidea'],
      ['linotp'],
    ],
    [
      'is about users where nobody is told of any',
      { match: { dialect: ['challenge-service'], user: ['bob'] }, actions: { authorized: 'deny_access' } },
      ['error actions.authorized: has no effect at mounts that serve challenge-service, only at privacyidea, linotp, rest, keycloak-ciba'],
    ],
    ['is for the administrator who operates', { match: { dialect: ['challenge-service'], user: ['bob'] }, actions: { operate: true } }, []],
    ['is about phones, whether or not a mount has users', { actions: { push_relays_per_device: '5/10m' } }, []],
    ['needs nothing of operators', { match: { dialect: ['*'] }, actions: { push_deadline_ms: 900 } }, []],
    [
      'has no effect at the only one there is',
      { actions: { push_without_data: true } },
      ['error actions.push_without_data: has no effect at mounts that serve privacyidea, only at linotp'],
      ['privacyidea'],
    ],
  ];
  for (const [title, rule, lines, dialects] of rows)
    it(title, () => {
      assert.deepEqual(told(rule, dialects), lines);
    });
});
