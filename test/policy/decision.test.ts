import assert from 'node:assert/strict';
import { openPolicy, ruleConfig } from '../../src/policy/index.ts';

describe('The decision of an action', () => {
  const policy = openPolicy(
    [
      { name: 'partners', match: { realm: ['partners'] }, actions: { passthru: 'old-otp' } },
      { name: 'all', actions: { passthru: 'userstore', passOnNoUser: false } },
    ].map((rule) => ruleConfig.parse(rule)),
  );
  const facts = { now: 0 };

  it('names the rule that decides', () => {
    assert.deepEqual(policy.decision('passthru', { ...facts, realm: 'partners' }), { value: 'old-otp', rule: 'partners' });
    assert.deepEqual(policy.decision('passthru', { ...facts, realm: 'corp' }), { value: 'userstore', rule: 'all' });
    assert.deepEqual(policy.decision('passOnNoUser', facts), { value: false, rule: 'all' });
  });

  it('is none where no rule decides', () => {
    assert.equal(policy.decision('otppin', facts), undefined);
  });
});

describe('A condition on what a source says of a user', () => {
  const given = (condition: object) =>
    openPolicy([
      ruleConfig.parse({
        name: 'some',
        match: { conditions: [{ section: 'userinfo', comparator: 'equals', value: 'x', ...condition }] },
        actions: { push_wait: 3 },
      }),
    ]);

  it('holds for those of whom it says so, and by its own word where nothing is known', () => {
    const userinfo = { surname: 'Liddell', groups: 'staff,vpn' };
    const isMatched = (condition: object, known = userinfo) => given(condition).value('push_wait', { now: 0, userinfo: known }) === 3;
    assert.equal(isMatched({ key: 'surname', value: 'Liddell' }), true);
    assert.equal(isMatched({ key: 'groups', comparator: 'contains', value: 'vpn' }), true);
    assert.equal(isMatched({ key: 'groups', comparator: '!contains', value: 'vpn' }), false);
    assert.equal(isMatched({ key: 'email' }), false);
    assert.equal(given({ key: 'email', on_missing: 'condition_is_true' }).value('push_wait', { now: 0 }), 3);
  });
});
