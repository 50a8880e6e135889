import assert from 'node:assert/strict';
import { z } from 'zod';
import {
  addressMatch,
  checkPolicies,
  type Facts,
  fillTags,
  isInTime,
  notNormal,
  openPolicy,
  readTimeRanges,
  ruleConfig,
} from '../../src/policy/index.ts';
import { readVectors } from '../kit/vectors.ts';

const rules = (...given: object[]) => z.array(ruleConfig).parse(given.map((rule, index) => ({ name: `rule ${index}`, ...rule })));
const facts = (over: Partial<Facts> = {}): Facts => ({
  now: Date.UTC(2026, 2, 2, 12),
  user: 'alice',
  realm: 'corp',
  client: '10.1.2.3',
  authServer: 'vpn',
  dialect: 'privacyidea',
  tokenType: 'push',
  ...over,
});
const title = (...given: object[]) => {
  const policy = openPolicy(rules(...given));
  return (over: Partial<Facts> = {}) => policy.value('push_title_on_mobile', facts(over));
};

describe('Policies', () => {
  it('let the first rule decide that matches and has the action', () => {
    const ask = title(
      { match: { user: ['bob'] }, actions: { push_title_on_mobile: 'for bob' } },
      { actions: { push_text_on_mobile: 'a question only' } },
      { actions: { push_title_on_mobile: 'for all' } },
      { actions: { push_title_on_mobile: 'too late' } },
    );
    assert.deepEqual([ask({ user: 'bob' }), ask(), title()()], ['for bob', 'for all', undefined]);
  });

  it('are asked for an action without a look at the rules that do not have it', () => {
    const many = Array.from({ length: 100 }, (_, number) => ({ match: { user: [`user${number}`] }, actions: { push_wait: 5 } }));
    const policy = openPolicy(rules(...many, { match: { user: ['alice'] }, actions: { push_title_on_mobile: 'one' } }));
    const read: unknown[] = [];
    const watched = new Proxy(facts(), {
      get(target, name) {
        if (name === 'user') read.push(name);
        return Reflect.get(target, name);
      },
    });
    assert.equal(policy.value('push_title_on_mobile', watched), 'one');
    assert.ok(read.length < 5, `the user was asked for ${read.length} times`);
  });

  const matchers: [string, object, Partial<Facts>[], Partial<Facts>[]][] = [
    ['a user by name, where case counts', { user: ['alice'] }, [{}], [{ user: 'ALICE' }, { user: 'bob' }, { user: 'alice2' }]],
    [
      'a user by name, in any case where the realm ignores it',
      { user: ['Alice'] },
      [{ ignoreCase: true }, { user: 'ALICE', ignoreCase: true }],
      [{ user: 'bob', ignoreCase: true }],
    ],
    [
      'users by *, where case counts',
      { user: ['*', '!Adm-*'] },
      [{ user: 'adm-1' }],
      [{ user: 'Adm-1' }, { user: 'adm-1', ignoreCase: true }],
    ],
    [
      'a user by the realm, whose case never counts',
      { user: ['Bob@Guests'] },
      [{ user: 'Bob', realm: 'guests' }],
      [{ user: 'bob', realm: 'guests' }],
    ],
    [
      'a user by * and by realm',
      { user: ['adm-*', 'bob@guests'] },
      [{ user: 'adm-1' }, { user: 'bob', realm: 'guests' }],
      [{}, { user: 'bob' }],
    ],
    ['everybody but one', { user: ['*', '!breakglass'] }, [{}], [{ user: 'breakglass' }]],
    ['a realm', { realm: ['corp'] }, [{}, { realm: 'CORP' }], [{ realm: 'guests' }]],
    [
      'a network, without a hole in it',
      { client: ['10.0.0.0/8', '!10.9.0.0/16'] },
      [{}, { client: '::ffff:10.1.1.1' }],
      [{ client: '10.9.1.1' }, { client: '192.168.1.1' }, { client: 'nonsense' }],
    ],
    ['a mount by its path', { mount: ['/edumfa'] }, [{ mount: '/edumfa' }], [{ mount: '/' }, { mount: '/edumfa2' }, {}]],
    ['a flavour', { flavour: ['eduMFA'] }, [{ flavour: 'edumfa' }], [{ flavour: 'privacyidea' }, {}]],
    ['every mount but one', { mount: ['*', '!/edumfa'] }, [{ mount: '/' }], [{ mount: '/edumfa' }]],
    ['a client that is known', { client: ['known'] }, [{ clientIs: 'known' }], [{ clientIs: 'new' }, {}]],
    ['a network or a known client', { client: ['172.16.0.0/12', 'known'] }, [{ clientIs: 'known' }, { client: '172.16.0.1' }], [{}]],
    [
      'new clients in a network',
      { client: ['10.0.0.0/8', '!known'] },
      [{ clientIs: 'new' }],
      [{ clientIs: 'known' }, { clientIs: 'new', client: '192.0.2.1' }],
    ],
    ['an IPv6 network', { client: ['2001:db8::/32'] }, [{ client: '2001:db8::1' }], [{ client: '2001:db9::1' }, {}]],
    ['an auth server', { authServer: ['vpn'] }, [{}], [{ authServer: 'mail' }]],
    ['a dialect', { dialect: ['privacyidea'] }, [{}], [{ dialect: 'linotp' }]],
    ['a type of token', { tokenType: ['push'] }, [{}], [{ tokenType: 'edupush' }]],
    [
      'the name of a user agent',
      { userAgent: ['freeradius'] },
      [{ userAgent: 'FreeRADIUS/3.2 (linux)' }],
      [{ userAgent: 'PAM/1.1' }, { userAgent: '' }],
    ],
    ['all of several', { user: ['alice'], realm: ['corp'] }, [{}], [{ realm: 'guests' }]],
    ['characters that a pattern would take for its own', { user: ['a.b+c'] }, [{ user: 'a.b+c' }], [{ user: 'axb+c' }, { user: 'a.bbc' }]],
  ];
  for (const [what, match, yes, no] of matchers) {
    it(`match ${what}`, () => {
      const ask = title({ match, actions: { push_title_on_mobile: 'hit' } });
      for (const over of yes) assert.equal(ask(over), 'hit', JSON.stringify(over));
      for (const over of no) assert.equal(ask(over), undefined, JSON.stringify(over));
    });
  }

  it('match nobody by what is not known of a request', () => {
    const ask = title({ match: { user: ['*'] }, actions: { push_title_on_mobile: 'hit' } });
    const { user: _unknown, ...rest } = facts();
    assert.equal(
      openPolicy(rules({ match: { user: ['*'] }, actions: { push_title_on_mobile: 'hit' } })).value('push_title_on_mobile', rest),
      undefined,
    );
    assert.equal(ask(), 'hit');
  });

  it('match by the local time, both ends inclusive', () => {
    const ask = title({ match: { time: ['Mon-Fri: 09:00-17:30'] }, actions: { push_title_on_mobile: 'hit' } });
    const at = (day: number, hour: number, minute: number) => ask({ now: new Date(2026, 2, day, hour, minute).getTime() });
    assert.deepEqual(
      [at(2, 9, 0), at(2, 17, 30), at(2, 17, 31), at(2, 8, 59), at(1, 12, 0)],
      ['hit', 'hit', undefined, undefined, undefined],
    );
  });

  it('tell the two meanings of one name apart by scope', () => {
    const policy = openPolicy(rules({ scope: 'enrollment', actions: { push_ssl_verify: false } }, { actions: { push_ssl_verify: '1' } }));
    assert.equal(policy.value('push_ssl_verify', facts(), 'enrollment'), false);
    assert.equal(policy.value('push_ssl_verify', facts(), 'authentication'), true);
  });

  it('permit everything while no rule of administrators exists, and then only what one allows', () => {
    const free = openPolicy(rules({ actions: { push_title_on_mobile: 'x' } }));
    const bound = openPolicy(rules({ scope: 'admin', match: { user: ['admin'] }, actions: { tokenlist: true, delete: false } }));
    assert.equal(free.permits('delete', facts()), true);
    assert.deepEqual(
      [
        bound.permits('tokenlist', facts({ user: 'admin' })),
        bound.permits('delete', facts({ user: 'admin' })),
        bound.permits('enable', facts({ user: 'admin' })),
        bound.permits('tokenlist', facts({ user: 'bob' })),
      ],
      [true, false, false, false],
    );
  });

  it('plan a delivery: by rule, else as recorded at enrolment, else by default', () => {
    const ruled = openPolicy(
      rules({ name: 'vpn', actions: { push_provider: ['cs', 'fcm'], push_deadline_ms: 900 } }, { actions: { push_provider: 'late' } }),
    );
    const free = openPolicy([]);
    assert.deepEqual(ruled.planDelivery(facts(), { recorded: 'r', fallback: 'f', defaultDeadlineMs: 2000 }), {
      providers: ['cs', 'fcm'],
      deadlineMs: 900,
      because: 'policy',
      rule: 'vpn',
    });
    assert.deepEqual(free.planDelivery(facts(), { recorded: 'r', fallback: 'f', defaultDeadlineMs: 2000 }), {
      providers: ['r'],
      deadlineMs: 2000,
      because: 'enrolment',
    });
    assert.deepEqual(free.planDelivery(facts(), { fallback: 'f', defaultDeadlineMs: 2000 }), {
      providers: ['f'],
      deadlineMs: 2000,
      because: 'default',
    });
    const sensitive = openPolicy(rules({ actions: { push_time_sensitive: true } }));
    assert.equal(sensitive.planDelivery(facts(), { defaultDeadlineMs: 2000 }).isTimeSensitive, true);
    assert.deepEqual(free.planDelivery(facts(), { defaultDeadlineMs: 2000 }), { providers: [], deadlineMs: 2000, because: 'none' });
  });
});

describe('Conditions of a rule', () => {
  const asked = {
    headers: { 'x-zone': 'dmz,inner', 'x-tries': '7' },
    token: { serial: 'PIPU0001', failcount: '3', description: 'work phone', since: '2026-03-01' },
  };
  const cases: [object, boolean][] = [
    [{ section: 'HTTP Request header', key: 'X-Zone', comparator: 'equals', value: 'dmz,inner' }, true],
    [{ section: 'HTTP Request header', key: 'X-Zone', comparator: '!equals', value: 'dmz,inner' }, false],
    [{ section: 'HTTP Request header', key: 'x-zone', comparator: 'contains', value: 'inner' }, true],
    [{ section: 'token', key: 'serial', comparator: 'matches', value: 'PIPU\\d{4}' }, true],
    [{ section: 'token', key: 'serial', comparator: 'matches', value: 'PIPU' }, false],
    [{ section: 'token', key: 'serial', comparator: '!in', value: 'A, PIPU0001' }, false],
    [{ section: 'token', key: 'failcount', comparator: '<', value: '4' }, true],
    [{ section: 'HTTP Request header', key: 'X-Tries', comparator: '>', value: '10' }, false],
    [{ section: 'token', key: 'since', comparator: '<', value: '2026-11-01' }, true],
    [{ section: 'token', key: 'gone', comparator: '!equals', value: 'x' }, false],
    [{ section: 'token', key: 'gone', comparator: 'equals', value: 'x', on_missing: 'condition_is_true' }, true],
  ];
  for (const [condition, expected] of cases) {
    it(`${expected ? 'holds' : 'does not hold'}: ${Object.values(condition).join(' ')}`, () => {
      const policy = openPolicy(rules({ match: { conditions: [condition] }, actions: { push_title_on_mobile: 'x' } }));
      assert.equal(policy.value('push_title_on_mobile', facts(asked)), expected ? 'x' : undefined);
    });
  }
});

describe('Tags of a text for the phone', () => {
  const subject = { serial: 'PIPU1', user: 'alice', realm: 'corp', tokenType: 'push', givenname: 'Alice', url: 'https://mfa.example.com/' };

  it('are filled with what is known, and empty where nothing is', () => {
    const asked = facts({ userAgent: `Firefox/1.0 ${'x'.repeat(500)}`, client: '10.1.2.3' });
    assert.equal(
      fillTags('{user} ({username}@{userrealm}) from {client_ip} with {ua_browser}{surname}?', subject, asked),
      'Alice (alice@corp) from 10.1.2.3 with Firefox?',
    );
    assert.equal(fillTags('{ua_string}', subject, asked)?.length, 256);
    assert.match(fillTags('{date} {time}', subject, asked) ?? '', /^\d{4}-\d\d-\d\d \d\d:\d\d:\d\d$/);
  });

  it('leave the whole text unused where one does not exist', () => {
    assert.equal(fillTags('Hello {nobody}', subject, facts()), undefined);
    assert.equal(fillTags('No tags, {} and {1} are none', subject, facts()), 'No tags, {} and {1} are none');
  });
});

describe('Explaining policies', () => {
  it('tells of each rule whether it matched, why not, and what it decides', () => {
    const policy = openPolicy(
      rules(
        { name: 'vpn', scope: 'authentication', match: { realm: ['corp'], client: ['10.0.0.0/8'] }, actions: { push_provider: ['cs'] } },
        { name: 'all', actions: { push_provider: ['fcm'], push_title_on_mobile: 'ACME' } },
        { name: 'rest', actions: { push_title_on_mobile: 'late', push_deadline_ms: 900 } },
      ),
    );
    const told = policy.explain({ now: 0, user: 'alice', realm: 'guests' });
    assert.deepEqual(
      told.map(({ name, matched, decides, overruled }) => ({ name, matched, decides, overruled })),
      [
        { name: 'vpn', matched: false, decides: [], overruled: [] },
        { name: 'all', matched: true, decides: ['push_provider', 'push_title_on_mobile'], overruled: [] },
        { name: 'rest', matched: true, decides: ['push_deadline_ms'], overruled: [{ action: 'push_title_on_mobile', by: 'all' }] },
      ],
    );
    assert.deepEqual(told[0]?.mismatches, [
      { matcher: 'realm', wants: 'corp', was: 'guests' },
      { matcher: 'client', wants: '10.0.0.0/8', was: '(unknown)' },
    ]);
  });
});

describe('The check of policies', () => {
  const known = {
    providers: [
      { name: 'fcm', addresses: ['fcm'], needsPolling: false },
      { name: 'mute', addresses: ['fcm'], needsPolling: true },
      { name: 'cs', addresses: ['gda'], needsPolling: false },
    ],
    realms: ['corp', 'guests'],
    authServers: [{ name: 'vpn', realms: ['corp'] }],
    mounts: [
      { path: '/', dialect: 'privacyidea', flavour: 'privacyidea' },
      { path: '/edumfa', dialect: 'privacyidea', flavour: 'edumfa' },
      { path: '/ops', dialect: 'ops' },
    ],
    tokenTypes: ['push'],
  };
  const problems = (...given: object[]) =>
    checkPolicies(rules(...given), known).map(({ path, message }) => `${path.join('.')}: ${message}`);

  it('finds names that do not exist, and names that come twice', () => {
    const found = problems(
      { name: 'a', match: { realm: ['nowhere'], authServer: ['mail'] }, actions: { push_provider: ['fcm', 'gone'] } },
      { name: 'a', scope: 'enrollment', actions: { push_firebase_configuration: 'gone' } },
      { actions: { push_provider: 'poll only' } },
    );
    assert.deepEqual(
      found.map((line) => line.split(':')[0]),
      ['0.actions.push_provider.1', '0.match.realm.0', '0.match.authServer.0', '1.name', '1.actions.push_firebase_configuration'],
    );
  });

  it('finds lists that exclude and include nobody', () => {
    assert.match(
      problems({ match: { user: ['!bob'] }, actions: { push_title_on_mobile: 'x' } })[0] ?? '',
      /^0\.match\.user: has only exclusions/,
    );
  });

  const never: [string, object, RegExp][] = [
    ['a name that it includes and excludes', { user: ['alice', '!ali*'] }, /^0\.match\.user: excludes everything that it includes/],
    ['a network inside an excluded one', { client: ['10.1.0.0/16', '10.2.0.1', '-10.0.0.0/8'] }, /^0\.match\.client: excludes everything/],
    ['clients that it includes and excludes', { client: ['known', '!known'] }, /^0\.match\.client: excludes everything/],
    ['a dialect that no mount serves', { dialect: ['linotp'] }, /^0\.match\.dialect\.0: .*linotp/],
    ['a mount that is not there', { mount: ['/edumf'] }, /^0\.match\.mount\.0: there is no mount "\/edumf", so it never matches/],
    ['a flavour that is none', { flavour: ['edumfa', 'eduMFA2'] }, /^0\.match\.flavour\.1: .*eduMFA2/],
    ['a mount of another flavour', { mount: ['/'], flavour: ['edumfa'] }, /^0\.match\.flavour: no mount has the mount and the flavour/],
    ['a mount of another dialect', { dialect: ['privacyidea'], mount: ['/ops'] }, /^0\.match\.mount: no mount has the dialect and/],
    ['a token type that is none', { tokenType: ['hotp'] }, /^0\.match\.tokenType\.0: .*hotp/],
    ['a realm that its auth server may not ask for', { realm: ['guests'], authServer: ['vpn'] }, /^0\.match\.realm: none of the auth/],
  ];
  for (const [what, match, line] of never) {
    it(`finds a rule that can never match for ${what}`, () => {
      assert.match(problems({ match, actions: { push_title_on_mobile: 'x' } })[0] ?? 'nothing was found', line);
    });
  }

  it('finds a tag that does not exist', () => {
    assert.match(
      problems({ actions: { push_text_on_mobile: 'Hi {usr}' } })[0] ?? '',
      /^0\.actions\.push_text_on_mobile: there is no tag \{usr\}/,
    );
  });

  it('takes lists that leave somebody over', () => {
    const match = { user: ['*', '!bob'], client: ['10.0.0.0/8', '!10.9.0.0/16'], realm: ['corp'], authServer: ['vpn', '!mail*'] };
    assert.deepEqual(problems({ match: { ...match, authServer: ['vpn'] }, actions: { push_title_on_mobile: 'x' } }), []);
    const mounts = { dialect: ['*'], mount: ['/*', '!/ops'], flavour: ['edumfa'] };
    assert.deepEqual(problems({ match: mounts, actions: { push_title_on_mobile: 'x' } }), []);
  });

  it('warns of an action that a rule for everybody decides before', () => {
    const found = problems(
      { name: 'all', actions: { push_provider: 'fcm' } },
      { name: 'late', match: { user: ['bob'] }, actions: { push_provider: 'poll only', push_deadline_ms: 900 } },
    );
    assert.deepEqual(found, ['1.actions.push_provider: never decides: "all" comes first and matches every request']);
  });

  it('warns of providers that never ring the phones of privacyIDEA and eduMFA', () => {
    assert.match(problems({ actions: { push_provider: ['cs'] } })[0] ?? '', /^0\.actions\.push_provider: never rings .* serve gda/);
    assert.deepEqual(problems({ actions: { push_provider: ['cs', 'fcm'] } }), []);
    assert.deepEqual(problems({ actions: { push_provider: ['cs', 'poll only'] } }), []);
  });

  it('refuses a provider without data where phones may not ask', () => {
    const deny = { match: { realm: ['corp'] }, actions: { push_allow_polling: 'deny' } };
    assert.match(problems({ actions: { push_provider: ['mute'] } }, deny)[0] ?? '', /^0\.actions\.push_provider: "mute" sends no data/);
    assert.deepEqual(problems({ match: { realm: ['guests'] }, actions: { push_provider: ['mute'] } }, deny), []);
  });

  const broken: [string, object, RegExp][] = [
    [
      'a condition on something unknown',
      { match: { conditions: [{ section: 'container', key: 'a', comparator: 'equals', value: 'b' }] }, actions: { push_ttl: 1 } },
      /^match\.conditions\.0\.section: /,
    ],
    [
      'a condition that cannot be compared',
      { match: { conditions: [{ section: 'token', key: 'failcount', comparator: '<', value: 'many' }] }, actions: { push_ttl: 1 } },
      /^match\.conditions\.0\.value: must be a number/,
    ],
    [
      'a broken pattern',
      { match: { conditions: [{ section: 'token', key: 'serial', comparator: '!matches', value: '(' }] }, actions: { push_ttl: 1 } },
      /^match\.conditions\.0\.value: is not a regular/,
    ],
    ['an unknown action', { actions: { tokenlable: 'x' } }, /^actions\.tokenlable: unknown action; did you mean tokenlabel\?/],
    ['a misspelt one', { actions: { push_titel_on_mobile: 'x' } }, /did you mean push_title_on_mobile/],
    [
      'an action in a scope that does not know it',
      { scope: 'enrollment', actions: { push_title_on_mobile: 'x' } },
      /scope enrollment, only in authentication/,
    ],
    ['a time that cannot be', { match: { time: ['Mon-Fri: 17:00-09:00'] }, actions: { push_ttl: 1 } }, /^match\.time\.0: .*never matches/],
    ['a range of days that wraps', { match: { time: ['Fri-Mon: 9-10'] }, actions: { push_ttl: 1 } }, /wraps/],
    ['a day that is none', { match: { time: ['Foo: 9-10'] }, actions: { push_ttl: 1 } }, /day/],
    ['a broken network', { match: { client: ['10.0.0.0/99'] }, actions: { push_ttl: 1 } }, /^match\.client\.0: /],
    ['no action at all', { actions: {} }, /^actions: .*at least one/],
    ['an unknown key', { actions: { push_ttl: 1 }, mach: {} }, /mach/],
  ];
  for (const [what, rule, line] of broken) {
    it(`finds ${what} in a rule, by its path`, () => {
      const parsed = ruleConfig.safeParse({ name: 'r', ...rule });
      const lines = parsed.success ? [] : parsed.error.issues.map(({ path, message }) => `${path.join('.')}: ${message}`);
      assert.ok(
        lines.some((each) => line.test(each)),
        lines.join('\n') || 'nothing was found',
      );
    });
  }

  it('knows URLs that the app would change from those it would not', () => {
    for (const good of [
      'https://mfa.example.com/ttype/push',
      'http://127.0.0.1:8080/ttype/push',
      'https://x.example/a%20b',
      'https://x.example/?a=b',
    ])
      assert.equal(notNormal(good), undefined, good);
    for (const bad of [
      'https://MFA.example.com/ttype/push',
      'HTTPS://x.example/',
      'https://x.example:443/a',
      'https://x.example',
      'https://x.example/%7ea',
      'https://x.example/%c3%bc',
      'https://x.example/ü',
      'https://x.example/a b',
      'ftp://x.example/',
      'nonsense',
      'https://u:p@x.example/',
      'https://x.example/#a',
    ])
      assert.ok(notNormal(bad), bad);
  });
});

type Section = {
  client_match: { client: string; list: string[]; found_excluded: [boolean, boolean]; matches: boolean }[];
  time_match: { range: string; at: string; upstream: boolean }[];
};
const vectors = readVectors<Record<'privacyidea' | 'edumfa', Section>>('privacyidea.json');
for (const name of ['privacyidea', 'edumfa'] as const) {
  describe(`Policy vectors of ${name}`, () => {
    it('match clients as upstream does', () => {
      assert.ok(vectors[name].client_match.length > 0);
      for (const { client, list, found_excluded, matches } of vectors[name].client_match) {
        const { found, excluded } = addressMatch(list)(client);
        assert.deepEqual([[found, excluded], found && !excluded], [found_excluded, matches], JSON.stringify(list));
      }
    });

    it('match times as upstream does', () => {
      assert.ok(vectors[name].time_match.length > 0);
      for (const { range, at, upstream } of vectors[name].time_match) {
        const read = readTimeRanges(range);
        const local = new Date(`${at}:00Z`);
        const moment = { weekday: local.getUTCDay(), minute: local.getUTCHours() * 60 + local.getUTCMinutes() };
        // A range that upstream skips as broken matches nothing.
        assert.equal('error' in read ? false : isInTime(read, moment), upstream, `${range} at ${at}`);
      }
    });
  });
}
