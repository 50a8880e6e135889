import assert from 'node:assert/strict';
import { setImmediate as turn } from 'node:timers/promises';
import { Secret } from '../../../../../src/foundation/settings/index.ts';
import { openRadius } from '../../../../../src/foundation/wire/index.ts';
import { type FreeRadius, givenFreeRadius, haveFreeRadius } from '../../../../kit/freeradius.ts';
import { givenGateway } from '../../../../kit/gateway.ts';
import type { PiPhone } from '../../../../kit/pi-phone.ts';
import { cleanup } from '../../../../kit/temporary.ts';

const apiKey = 'radius-key-0123456789abcdef';

/** A client such as a VPN box. */
const nas = ({ address, secret }: FreeRadius, timeoutMs = 15_000) =>
  openRadius({
    servers: [address],
    secret: new Secret(secret),
    timeoutMs,
    retries: 0,
    requireMessageAuthenticator: false,
    nasIdentifier: 'vpn-box',
    clock: Date.now,
  });

/** The real FreeRADIUS (3.2.1, Debian 12) in front of a gateway, and a user whose phone is enrolled. */
async function given(undo: ReturnType<typeof cleanup>, actions: object = { push_validity_seconds: 60 }, pin = '1234') {
  const gateway = await givenGateway(undo, {
    environment: { RADIUS_KEY: apiKey },
    policies: [{ name: 'login', scope: 'authentication', actions }],
    more: { authServers: [{ name: 'radius', mounts: ['/'], apiKeys: [{ $env: 'RADIUS_KEY' }] }] },
  });
  const phone = await gateway.phoneOf('alice', { pin });
  const server = await givenFreeRadius(undo, { url: gateway.client.url, apiKey });
  return { ...gateway, phone, server, vpn: nas(server) };
}

/** The waiting challenges of the phone; polls until there is one. */
async function asked(phone: PiPhone): Promise<string> {
  for (;;) {
    const [challenge] = (await phone.poll()).body.result.value;
    if (challenge) return challenge.nonce;
  }
}

describe('A user behind the real FreeRADIUS', function () {
  this.timeout(60_000);
  const undo = cleanup();
  before(function () {
    this.timeout(300_000);
    if (!haveFreeRadius()) this.skip();
  });
  afterEach(() => undo.run());

  it('is accepted while the request waits for the phone, and rejected when the phone says no', async () => {
    const { phone, vpn, server, clock } = await given(undo, { push_wait: 60 });
    const first = vpn.authenticate('alice', '1234');
    await phone.answer(await asked(phone));
    assert.deepEqual(await first, { kind: 'accept', message: '' }, server.told());
    clock.advance(1);
    const second = vpn.authenticate('alice', '1234');
    await phone.answer(await asked(phone), { decline: true });
    assert.deepEqual(await second, { kind: 'reject', message: 'The login was refused.' }, server.told());
  });

  it('gets one push where the box times out, tries another server, and then the first one again', async () => {
    const repeats = { push_wait: 60, push_repeat_window: 60, push_client_attributes: ['NAS-Identifier'] };
    const { phone, server, client, logged } = await given(undo, repeats);
    const other = await givenFreeRadius(undo, { url: client.url, apiKey });
    const hurried = nas(server, 500);
    assert.equal((await hurried.authenticate('alice', '1234')).kind, 'unavailable', server.told());
    const logins = [nas(other).authenticate('alice', '1234'), nas(server).authenticate('alice', '1234')];
    while (logged.filter(({ event }) => event === 'login-joined').length < 2) await turn();
    const { value: waiting } = (await phone.poll()).body.result;
    assert.equal(waiting.length, 1);
    await phone.answer(waiting[0].nonce);
    for (const login of logins) assert.deepEqual(await login, { kind: 'accept', message: '' }, server.told());
  });

  it('is challenged without wait mode, and finishes by the State of that challenge', async () => {
    const { phone, vpn, server } = await given(undo, { push_challenge_text: 'Confirm 100%{User-Name} on your phone' });
    const challenge = await vpn.authenticate('alice', '1234');
    assert.ok(challenge.kind === 'challenge', server.told());
    assert.equal(challenge.message, 'Confirm 100%{User-Name} on your phone', 'nothing in it is expanded');
    assert.match(challenge.state.toString(), /^\d{20}$/);
    await phone.answer(await asked(phone));
    assert.equal((await vpn.authenticate('alice', 'done', { state: challenge.state })).kind, 'accept', server.told());
    assert.equal((await vpn.authenticate('alice', 'done', { state: challenge.state })).kind, 'reject', 'once');
  });

  it('types the code that the phone shows', async () => {
    const { phone, vpn, server } = await given(undo, { push_code_to_phone: true, push_code_to_phone_digits: 6 });
    const challenge = await vpn.authenticate('alice', '1234');
    assert.ok(challenge.kind === 'challenge', server.told());
    const { body } = await phone.answer(await asked(phone));
    assert.equal((await vpn.authenticate('alice', body.detail.display_code, { state: challenge.state })).kind, 'accept', server.told());
  });

  it('may have a PIN of any characters: no component decodes or expands it', async () => {
    const pin = '%41%{User-Name}+ "ä\\&=\'';
    const { vpn, server } = await given(undo, { push_validity_seconds: 60 }, encodeURIComponent(pin));
    assert.equal((await vpn.authenticate('alice', pin)).kind, 'challenge', server.told());
  });

  it('is rejected with the same text for a wrong PIN and an unknown name, and by a server with the wrong key', async () => {
    const { vpn, client } = await given(undo);
    const refused = { kind: 'reject', message: 'The login was refused.' };
    assert.deepEqual(await vpn.authenticate('alice', 'wrong%41'), refused);
    assert.deepEqual(await vpn.authenticate('nobody', '1234'), refused);
    const stranger = nas(await givenFreeRadius(undo, { url: client.url, apiKey: 'a-key-that-was-guessed-wrong' }));
    assert.equal((await stranger.authenticate('alice', '1234')).kind, 'reject');
  });
});
