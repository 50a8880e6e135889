import assert from 'node:assert/strict';
import { checkConfig, problemText } from '../../src/config/index.ts';
import { configText } from '../kit/gateway.ts';

describe('Rules that speak of users', () => {
  const realms = [{ name: 'corp', default: true, users: ['staff'] }, { name: 'partners', users: ['staff'] }, { name: 'guests' }];
  const userSources = [{ name: 'staff', kind: 'file', config: { file: 'staff.json' } }];
  const radiusServers = [{ name: 'old', servers: '127.0.0.1', secret: { $env: 'RADIUS' } }];
  const problemsOf = async (match: object, actions: object, scope = 'authentication'): Promise<string[]> => {
    const policies = [{ name: 'rule', scope, match, actions }];
    const text = configText({ policies, more: { realms, userSources, radiusServers } });
    const checked = await checkConfig(text, '/config.json', { RADIUS: 'secret' });
    return (checked.ok ? checked.value.warnings : checked.error).map((problem) => `${problem.level} ${problemText(problem)}`);
  };

  it('may name what is there', async () => {
    assert.deepEqual(await problemsOf({}, { passthru: 'old' }), []);
    assert.deepEqual(await problemsOf({ realm: ['corp', 'Partners'] }, { passthru: 'userstore', otppin: 'userstore' }), []);
    assert.deepEqual(await problemsOf({ resolver: ['staff', 'sta*', '!other'] }, { otppin: 'none' }), []);
  });

  it('are refused for a RADIUS service, a source or a kind of PIN that is not there', async () => {
    assert.match(
      (await problemsOf({}, { passthru: 'older' }))[0] ?? '',
      /^error .*policies.*0.*passthru.*there is no RADIUS service "older"/,
    );
    assert.match(
      (await problemsOf({ resolver: ['ldap'] }, { push_wait: 3 }))[0] ?? '',
      /^error .*match.*resolver.*there is no user source "ldap"/,
    );
    assert.match((await problemsOf({}, { otppin: 'nonsense' }))[0] ?? '', /^error .*otppin/);
    assert.match((await problemsOf({}, { setrealm: 'crop' }, 'authorization'))[0] ?? '', /^error .*setrealm.*there is no realm "crop"/);
    assert.deepEqual(await problemsOf({}, { setrealm: 'Corp' }, 'authorization'), []);
    assert.match((await problemsOf({}, { auth_cache: '2h' }))[0] ?? '', /^error .*auth_cache.*consents to one login only/);
  });

  it('are refused where they ask for passwords that nobody knows, and warned of where some realms have none', async () => {
    assert.match(
      (await problemsOf({ realm: ['guests'] }, { otppin: 'userstore' }))[0] ?? '',
      /^error .*otppin.*no realm of this rule has sources/,
    );
    assert.match(
      (await problemsOf({}, { passthru: 'userstore' }))[0] ?? '',
      /^warning .*passthru.*logins of realms without .* fail: "guests"/,
    );
  });
});
