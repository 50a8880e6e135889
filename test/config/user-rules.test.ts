import assert from 'node:assert/strict';
import { checkConfig, problemText } from '../../src/config/index.ts';
import { configText } from '../kit/gateway.ts';

describe('Rules that speak of users', () => {
  const realms = [{ name: 'corp', default: true, users: ['staff'] }, { name: 'partners', users: ['staff'] }, { name: 'guests' }];
  const userSources = [{ name: 'staff', kind: 'file', config: { file: 'staff.json' } }];
  const radiusServers = [{ name: 'old', servers: '127.0.0.1', secret: { $env: 'RADIUS' } }];
  const problemsOf = (match: object, actions: object, scope = 'authentication'): string[] => {
    const policies = [{ name: 'rule', scope, match, actions }];
    const text = configText({ policies, more: { realms, userSources, radiusServers } });
    const checked = checkConfig(text, '/config.json', { RADIUS: 'secret' });
    return (checked.ok ? checked.value.warnings : checked.error).map((problem) => `${problem.level} ${problemText(problem)}`);
  };

  it('may name what is there', () => {
    assert.deepEqual(problemsOf({}, { passthru: 'old' }), []);
    assert.deepEqual(problemsOf({ realm: ['corp', 'Partners'] }, { passthru: 'userstore', otppin: 'userstore' }), []);
    assert.deepEqual(problemsOf({ resolver: ['staff', 'sta*', '!other'] }, { otppin: 'none' }), []);
  });

  it('are refused for a RADIUS service, a source or a kind of PIN that is not there', () => {
    assert.match(problemsOf({}, { passthru: 'older' })[0] ?? '', /^error .*policies.*0.*passthru.*there is no RADIUS service "older"/);
    assert.match(problemsOf({ resolver: ['ldap'] }, { push_wait: 3 })[0] ?? '', /^error .*match.*resolver.*there is no user source "ldap"/);
    assert.match(problemsOf({}, { otppin: 'nonsense' })[0] ?? '', /^error .*otppin/);
    assert.match(problemsOf({}, { setrealm: 'crop' }, 'authorization')[0] ?? '', /^error .*setrealm.*there is no realm "crop"/);
    assert.deepEqual(problemsOf({}, { setrealm: 'Corp' }, 'authorization'), []);
    assert.match(problemsOf({}, { auth_cache: '2h' })[0] ?? '', /^error .*auth_cache.*a consent to one login/);
  });

  it('are refused where they ask for passwords that nobody knows, and warned of where some realms have none', () => {
    assert.match(problemsOf({ realm: ['guests'] }, { otppin: 'userstore' })[0] ?? '', /^error .*otppin.*no realm of this rule has sources/);
    assert.match(problemsOf({}, { passthru: 'userstore' })[0] ?? '', /^warning .*passthru.*logins of realms without .* fail: "guests"/);
  });
});
