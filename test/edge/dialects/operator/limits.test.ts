import assert from 'node:assert/strict';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { minutes } from '../../../kit/clock.ts';
import { opsClient, runCli } from '../../../kit/operator.ts';
import { givenRinging } from '../../../kit/ringing.ts';
import { cleanup } from '../../../kit/temporary.ts';

describe('The limits of phones, as operators see them', function () {
  this.timeout(30_000);
  const undo = cleanup();
  afterEach(() => undo.run());

  it('are listed, and cleared one by one', async () => {
    const world = await givenRinging(undo);
    const [alice, bob] = [await world.ringingPhoneOf('alice'), await world.ringingPhoneOf('bob')];
    const ops = opsClient(world.client.url, world.admin);
    assert.deepEqual((await ops('GET', '/ops/limits')).body, { phones: [], quiet: [] });
    // given alice, whose phone got too many pushes, and bob, whose phone got one
    for (let times = 0; times < 3; times += 1) await world.logsIn('203.0.113.9');
    await world.logsIn('203.0.113.9', 'bob');
    await world.gateway.settled();
    const mutedUntil = new Date(world.clock() - 1 + minutes(20)).toISOString();
    const hers = { serial: alice.serial, user: 'alice', realm: 'corp', unanswered: 3, mutedUntil };
    const his = { serial: bob.serial, user: 'bob', realm: 'corp', unanswered: 1 };
    const listed = (await ops('GET', '/ops/limits')).body.phones;
    assert.deepEqual(
      listed.toSorted((one: { user: string }, other: { user: string }) => one.user.localeCompare(other.user)),
      [hers, his],
    );
    assert.deepEqual((await ops('GET', `/ops/limits?serial=${bob.serial}`)).body.phones, [his]);
    // when an operator clears hers
    assert.deepEqual((await ops('DELETE', `/ops/limits/${alice.serial}`)).body, { serial: alice.serial, cleared: true });
    // then it gets a push again, and the event was published
    const before = world.rings();
    await world.logsIn('203.0.113.9');
    assert.equal(world.rings() - before, 1);
    const acts = world.logged.filter(({ event, act }) => event === 'token-administered' && act === 'clear-limits');
    assert.deepEqual(
      acts.map(({ serial }) => serial),
      [alice.serial],
    );
    assert.equal((await ops('DELETE', '/ops/limits/NOSUCH')).status, 404);
  });

  it('are available at the command line', async () => {
    const world = await givenRinging(undo);
    const { serial } = await world.ringingPhoneOf('alice');
    for (let times = 0; times < 3; times += 1) await world.logsIn('203.0.113.9');
    await world.gateway.settled();
    const file = join(world.folder, 'config.json');
    writeFileSync(join(world.folder, 'fcm.json'), world.fakes.fcm.serviceAccount, { mode: 0o600 });
    writeFileSync(
      file,
      readFileSync(file, 'utf8').replace('127.0.0.1:0', new URL(world.client.url).host).replace('{"$env":"FCM"}', '{"$file":"fcm.json"}'),
    );
    const cli = (...argv: string[]) => runCli([...argv, '--config', file]);
    const { out, err } = await cli('limits', 'list');
    assert.match(out, new RegExp(`^WHAT .*\\nphone  ${serial}  alice  corp   3           20\\S+ +-\\n$`), err);
    assert.equal((await cli('limits', 'clear', serial)).out, 'cleared\n');
    assert.equal((await cli('limits', 'list')).out.trim().split('\n').length, 1);
  });

  it('include those of wrong PINs, until they are cleared', async () => {
    const world = await givenRinging(undo, { settings: { lockout: 'source', DefaultMaxFailCount: 2 } });
    const { serial } = await world.ringingPhoneOf('alice');
    const ops = opsClient(world.client.url, world.admin);
    for (const pass of ['a', 'b']) await world.client.post('/validate/check', { user: 'alice', pass });
    const until = new Date(world.clock() + minutes(1)).toISOString();
    const quiet = [{ user: 'alice', realm: 'corp', authServer: 'local', until }];
    assert.deepEqual((await ops('GET', '/ops/limits')).body.quiet, quiet);
    assert.deepEqual((await ops('GET', `/ops/limits?serial=${serial}`)).body.quiet, quiet);
    assert.deepEqual((await ops('GET', '/ops/limits?serial=NOSUCH')).body.quiet, []);
    const file = join(world.folder, 'config.json');
    writeFileSync(join(world.folder, 'fcm.json'), world.fakes.fcm.serviceAccount, { mode: 0o600 });
    writeFileSync(
      file,
      readFileSync(file, 'utf8').replace('127.0.0.1:0', new URL(world.client.url).host).replace('{"$env":"FCM"}', '{"$file":"fcm.json"}'),
    );
    const { out, err } = await runCli(['limits', 'list', '--config', file]);
    const row = ['logins', '-', 'alice', 'corp', '-', until, 'all unknown clients of local'];
    assert.deepEqual(out.trim().split('\n')[1]?.split(/ {2,}/), row, err);
    await ops('DELETE', `/ops/limits/${serial}`);
    assert.deepEqual((await ops('GET', '/ops/limits')).body.quiet, []);
    assert.equal((await world.client.post('/validate/check', { user: 'alice', pass: 'c' })).body.detail.message, 'wrong otp pin');
  });

  it('are explained with the rules that decide them', async () => {
    const rule = { name: 'fewer', scope: 'authentication', match: { user: ['alice'] }, actions: { push_open_challenges: 2 } };
    const world = await givenRinging(undo, { policies: [rule] });
    const ops = opsClient(world.client.url, world.admin);
    const limitsFor = async (user: string) => (await ops('POST', '/ops/policy/explain', { user, realm: 'corp' })).body.limits;
    assert.deepEqual((await limitsFor('alice')).slice(0, 2), [
      { limit: 'push_open_challenges', value: 2, rule: 'fewer' },
      { limit: 'push_open_rang_seconds', value: 30 },
    ]);
    assert.deepEqual((await limitsFor('bob'))[0], { limit: 'push_open_challenges', value: 5 });
  });
});
