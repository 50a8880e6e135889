import assert from 'node:assert/strict';
import { z } from 'zod';
import { actions } from '../../../src/policy/actions/index.ts';
import { unsupportedReason } from '../../../src/policy/actions/unsupported.ts';
import { checkPolicies, type Facts, fillClientText, openPolicy, ruleConfig } from '../../../src/policy/index.ts';

const read = (actions: object, more: object = {}) => ruleConfig.safeParse({ name: 'a rule', actions, ...more });
const problemsOf = (actions: object, more: object = {}): string[] =>
  (read(actions, more).error?.issues ?? []).map(({ path, message }) => `${path.join('.')}: ${message}`);
const moment = Date.UTC(2026, 10, 24, 12);

describe('Policies taken over from privacyIDEA', () => {
  const values: [string, unknown, unknown][] = [
    ['enroll_via_multichallenge', 'PUSH', 'push'],
    ['enroll_via_multichallenge', 'push', 'push'],
    ['disabled_token_types', 'hotp Push', ['hotp', 'push']],
    ['tokentype', 'push, EDUPUSH', ['push', 'edupush']],
    ['tokentype', ['Push'], ['push']],
    ['authorized', 'deny_access', 'deny_access'],
    ['serial', '^PIPU', '^PIPU'],
    ['auth_max_success', '2/5m', { most: 2, windowMs: 300_000 }],
    ['auth_max_fail', ' 10 / 1d ', { most: 10, windowMs: 86_400_000 }],
    ['last_auth', '1y', 365 * 86_400_000],
  ];
  for (const [name, given, expected] of values) {
    it(`reads ${name} ${JSON.stringify(given)}`, () => {
      const parsed = read({ [name]: given });
      assert.ok(parsed.success, JSON.stringify(parsed.error));
      assert.deepEqual(Object.values(parsed.data.actions), [expected]);
    });
  }

  const refused: [string, unknown][] = [
    ['enroll_via_multichallenge', 'HOTP'],
    ['enroll_via_multichallenge_optional', 'yes'],
    ['disabled_token_types', '  '],
    ['authorized', 'deny'],
    ['serial', '('],
    ['no_detail_on_fail', 1],
    ['auth_max_success', '2'],
    ['auth_max_success', '0/5m'],
    ['auth_max_fail', '2/0s'],
    ['last_auth', 'yesterday'],
    ['last_auth', '0d'],
    ['challenge_text_header', ''],
  ];
  for (const [name, given] of refused)
    it(`refuses ${name} ${JSON.stringify(given)}`, () =>
      assert.match(problemsOf({ [name]: given }).join(), new RegExp(`^actions.${name}`)));

  it('know their scope', () => {
    assert.deepEqual(problemsOf({ authorized: 'deny_access' }, { scope: 'authentication' }), [
      'actions.authorized: is not known in scope authentication, only in authorization',
    ]);
    assert.deepEqual(problemsOf({ hide_specific_error_message_for_ttype: true }, { scope: 'token' }), []);
  });

  it('are told from misspelt ones where they are not supported', () => {
    assert.deepEqual(
      ['verify_enrollment', 'login_mode', 'smstext', 'webauthn_req', 'enrollTOTP', 'no_detail_on_fial', 'banana'].map((name) =>
        problemsOf({ [name]: true }).join(),
      ),
      [
        'actions.verify_enrollment: a policy of privacyIDEA that is not supported yet; remove it',
        "actions.login_mode: a policy of privacyIDEA's own interface and administration, which pushgate does not have; remove it",
        'actions.smstext: a policy of privacyIDEA for token types other than push, which pushgate does not have; remove it',
        'actions.webauthn_req: a policy of privacyIDEA for token types other than push, which pushgate does not have; remove it',
        'actions.enrollTOTP: a policy of privacyIDEA for token types other than push, which pushgate does not have; remove it',
        'actions.no_detail_on_fial: unknown action; did you mean no_detail_on_fail?',
        'actions.banana: unknown action',
      ],
    );
  });

  const containers = ['container_register', 'container_server_url', 'hide_container_info', 'initially_add_tokens_to_container'];
  for (const name of [...containers, 'disable_client_container_unregister', 'remember_device', 'remember_device_validity'])
    it(`are named where they are not here: ${name}`, () =>
      assert.match(problemsOf({ [name]: true }).join(), /: a policy of privacyIDEA.*; remove it$/));

  it('are not told as missing where they are here', () =>
    assert.deepEqual(
      Object.keys(actions).filter((name) => unsupportedReason(name) !== undefined),
      [],
    ));

  it('are warned of where they change nothing', () => {
    const rules = z
      .array(ruleConfig)
      .parse([{ name: 'x', actions: { force_challenge_response: true, client_mode_per_user: true, challenge_text: 'Hi {otp}' } }]);
    const known = { providers: [], realms: [], authServers: [], mounts: [], tokenTypes: [] };
    assert.deepEqual(
      checkPolicies(rules, known).map(({ path, level }) => `${level} ${path.join('.')}`),
      ['warning 0.actions.force_challenge_response', 'warning 0.actions.client_mode_per_user', 'warning 0.actions.challenge_text'],
    );
  });
});

describe('More conditions of a rule', () => {
  const facts: Facts = {
    now: moment,
    params: { type: 'push', client: '10.0.0.1' },
    token: { active: 'true', locked: 'false', maxfail: '10' },
    tokenInfo: { last_auth: '2026-11-20T08:00:00Z', purchased: 'in 2025' },
  };
  const policyFor = (...conditions: object[]) =>
    openPolicy(z.array(ruleConfig).parse([{ name: 'x', match: { conditions }, actions: { push_title_on_mobile: 'x' } }]));
  const cases: [object, boolean][] = [
    [{ section: 'Request Data', key: 'type', comparator: 'equals', value: 'push' }, true],
    [{ section: 'Request Data', key: 'realm', comparator: 'equals', value: 'push' }, false],
    [{ section: 'token', key: 'active', comparator: 'equals', value: 'true' }, true],
    [{ section: 'tokeninfo', key: 'purchased', comparator: 'string_contains', value: '2025' }, true],
    [{ section: 'tokeninfo', key: 'purchased', comparator: '!contains', value: '2025' }, false],
    [{ section: 'tokeninfo', key: 'last_auth', comparator: 'date_before', value: '2026-11-21' }, true],
    [{ section: 'tokeninfo', key: 'last_auth', comparator: 'date_after', value: '2026-11-21' }, false],
    [{ section: 'tokeninfo', key: 'last_auth', comparator: 'date_within_last', value: '5d' }, true],
    [{ section: 'tokeninfo', key: 'last_auth', comparator: '!date_within_last', value: '3d' }, true],
    [{ section: 'tokeninfo', key: 'purchased', comparator: 'date_within_last', value: '9y' }, false],
    [{ section: 'token', key: 'maxfail', comparator: '!<', value: '10' }, true],
    [{ section: 'token', key: 'maxfail', comparator: 'equals', value: '3', active: false }, true],
  ];
  for (const [condition, expected] of cases) {
    it(`${expected ? 'holds' : 'does not hold'}: ${Object.values(condition).join(' ')}`, () => {
      assert.equal(policyFor(condition).value('push_title_on_mobile', facts), expected ? 'x' : undefined);
    });
  }

  it('refuse the request where a value is missing that must not be, and can still be explained', () => {
    const policy = policyFor({ section: 'Request Data', key: 'zone', comparator: 'equals', value: 'dmz', on_missing: 'raise_error' });
    assert.throws(() => policy.value('push_title_on_mobile', facts), /A policy asks for Request Data "zone"/);
    const [explained] = policy.explain(facts);
    assert.deepEqual([explained?.matched, explained?.mismatches[0]?.wants], [false, 'Request Data zone equals dmz']);
    assert.equal(policy.value('push_title_on_mobile', { ...facts, params: { zone: 'dmz' } }), 'x');
  });

  it('are refused where they cannot be compared', () => {
    const bad = [
      { section: 'token', key: 'serial', comparator: 'date_within_last', value: 'a while' },
      { section: 'token', key: 'serial', comparator: 'date_before', value: 'soon' },
      { section: 'HTTP Environment', key: 'REMOTE_ADDR', comparator: 'equals', value: 'x' },
    ];
    for (const condition of bad) assert.equal(read({ tokenlabel: 'x' }, { match: { conditions: [condition] } }).success, false);
  });
});

describe('Tags of a text for the login page', () => {
  it('are filled but for those of the request; unknown ones are empty, and the presence answer is left to who knows it', () => {
    const subject = { serial: 'PIPU1', user: 'alice', realm: 'corp', tokenType: 'push', givenname: 'Alice', url: 'https://x' };
    assert.equal(
      fillClientText(
        '{user} {username}@{userrealm} {serial} {tokentype}|{client_ip}{ua_string}{url}{otp}|{presence_answer}',
        subject,
        moment,
      ),
      'Alice alice@corp PIPU1 push||{presence_answer}',
    );
  });
});
