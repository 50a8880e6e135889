import assert from 'node:assert/strict';
import { z } from 'zod';
import { checkPolicies, type Facts, openPolicy, ruleConfig } from '../../../src/policy/index.ts';

const rules = (...given: object[]) => z.array(ruleConfig).parse(given.map((rule, index) => ({ name: `rule ${index}`, ...rule })));
const about = (tokenType: string, over: Partial<Facts> = {}): Facts => ({
  now: Date.UTC(2026, 2, 2, 12),
  user: 'alice',
  tokenType,
  ...over,
});

describe("Policies in eduMFA's spelling", () => {
  it('count for edupush tokens alone, and beat the usual spelling wherever that stands', () => {
    const policy = openPolicy(rules({ actions: { push_wait: 10 } }, { match: { user: ['alice'] }, actions: { edupush_wait: 20 } }));
    assert.equal(policy.value('push_wait', about('edupush')), 20);
    assert.equal(policy.value('push_wait', about('edupush', { user: 'bob' })), 10);
    assert.equal(policy.value('push_wait', about('push')), 10);
    assert.equal(policy.value('edupush_wait', about('push')), undefined);
  });

  it('beat it within one rule, a no included', () => {
    const policy = openPolicy(rules({ actions: { push_ssl_verify: true, edupush_ssl_verify: false } }));
    assert.deepEqual(
      ['edupush', 'push'].map((type) => policy.value('push_ssl_verify', about(type), 'authentication')),
      [false, true],
    );
  });

  it('leave all else to the usual spelling', () => {
    const policy = openPolicy(rules({ actions: { push_validity_seconds: 60, edupush_title_on_mobile: 'EDU' } }));
    assert.equal(policy.value('push_validity_seconds', about('edupush')), 60);
    assert.deepEqual(
      [policy.value('push_title_on_mobile', about('edupush')), policy.value('push_title_on_mobile', about('push'))],
      ['EDU', undefined],
    );
  });

  it('keep to the scopes of their rule', () => {
    const policy = openPolicy(rules({ scope: 'enrollment', actions: { edupush_ssl_verify: '0' } }));
    assert.equal(policy.value('push_ssl_verify', about('edupush'), 'authentication'), undefined);
    assert.equal(policy.value('push_ssl_verify', about('edupush'), 'enrollment'), false);
  });

  it('explain which spelling decided', () => {
    const policy = openPolicy(rules({ actions: { push_title_on_mobile: 'all' } }, { actions: { edupush_title_on_mobile: 'EDU' } }));
    const decisions = (tokenType: string) => policy.explain(about(tokenType)).map(({ decides, overruled }) => [decides, overruled]);
    assert.deepEqual(decisions('edupush'), [
      [[], [{ action: 'push_title_on_mobile', by: 'rule 1' }]],
      [['edupush_title_on_mobile'], []],
    ]);
    assert.deepEqual(decisions('push'), [
      [['push_title_on_mobile'], []],
      [[], []],
    ]);
  });

  it('have the types of the usual spelling, and are found by a misspelt name', () => {
    const problems = (actions: object) => {
      const read = ruleConfig.safeParse({ name: 'x', actions });
      return read.success ? '' : z.prettifyError(read.error);
    };
    assert.match(problems({ edupush_wait: 'long' }), /expected a number/);
    assert.match(problems({ edupush_registration_url: 'HTTPS://MFA.example/ttype/edupush' }), /normal form/);
    assert.match(problems({ edupush_wiat: 1 }), /did you mean edupush_wait/);
    assert.match(problems({ edupush_require_presence: true }), /unknown action/);
  });

  it('name providers that exist', () => {
    const known = { providers: [], realms: [], authServers: [], mounts: [], tokenTypes: [] };
    const [problem] = checkPolicies(rules({ actions: { edupush_firebase_configuration: 'fcm-corp' } }), known);
    assert.deepEqual([problem?.path, problem?.level], [[0, 'actions', 'edupush_firebase_configuration'], 'error']);
  });

  it('may not forbid to ask what only a phone that asks can see', () => {
    const providers = [{ name: 'mute', addresses: ['fcm'], needsPolling: true }];
    const known = { providers, realms: [], authServers: [], mounts: [], tokenTypes: [] };
    const messages = (given: object) =>
      checkPolicies(rules({ actions: { edupush_firebase_configuration: 'mute' } }, { actions: given }), known).map(
        ({ message }) => message,
      );
    assert.match(messages({ edupush_allow_polling: 'deny' }).join(), /^"mute" sends no data.*denies that with edupush_allow_polling$/);
    assert.deepEqual(messages({ edupush_allow_polling: 'allow' }), []);
  });
});
