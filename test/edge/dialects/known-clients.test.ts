import assert from 'node:assert/strict';
import { givenLinotpGateway } from '../../kit/linotp-gateway.ts';
import { givenRinging } from '../../kit/ringing.ts';
import { cleanup } from '../../kit/temporary.ts';

const [home, elsewhere] = ['198.51.100.7', '203.0.113.9'];

describe('Rules for clients that are known or new', function () {
  this.timeout(30_000);
  const undo = cleanup();
  afterEach(() => undo.run());

  it('know by privacyIDEA where a phone of the user has accepted a login', async () => {
    const titled = (client: string, title: string) => ({
      name: client,
      scope: 'authentication',
      match: { client: [client] },
      actions: { push_title_on_mobile: title },
    });
    const world = await givenRinging(undo, { policies: [titled('new', 'Is it you?'), titled('known', 'As ever')] });
    const phone = await world.ringingPhoneOf('alice');
    const shown = async (client: string) => {
      await world.logsIn(client);
      const { nonce, title } = (await phone.poll()).body.result.value.at(-1);
      return { nonce, title };
    };
    const first = await shown(home);
    assert.equal(first.title, 'Is it you?');
    // a right PIN alone makes no client known
    const again = await shown(home);
    assert.equal(again.title, 'Is it you?');
    // when her phone says yes
    await phone.answer(again.nonce);
    await world.gateway.settled();
    // then she is known there, and nowhere else
    assert.equal((await shown(home)).title, 'As ever');
    assert.equal((await shown(elsewhere)).title, 'Is it you?');
  });

  it('refuse by LinOTP a login from a new client', async () => {
    const world = await givenLinotpGateway(undo, { settings: { OverrideAuthorizationClient: '127.0.0.1' } });
    const phone = await world.active('alice');
    const logIn = (client: string) => world.post('/validate/check', { user: 'alice', pass: '1234', data: 'x', client });
    // given alice, with a known client at home
    await logIn(home);
    await phone.answer('ACCEPT');
    await world.gateway.settled();
    // when a rule refuses logins from elsewhere
    const rule = { name: 'strangers', scope: 'authorization', match: { client: ['new'] }, actions: { authorized: 'deny_access' } };
    await world.rules(rule);
    const before = world.pushed.length;
    // then her phone gets a push only for home
    await logIn(elsewhere);
    assert.equal(world.pushed.length, before);
    await logIn(home);
    assert.equal(world.pushed.length, before + 1);
  });
});
