import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { z } from 'zod';
import { openPolicy, ruleConfig } from '../../../../../src/policy/index.ts';
import { type GatewayWishes, givenGateway } from '../../../../kit/gateway.ts';
import { piClient } from '../../../../kit/pi-client.ts';
import { piPhone } from '../../../../kit/pi-phone.ts';
import { cleanup } from '../../../../kit/temporary.ts';

describe('Policies with a condition on the mount', () => {
  const undo = cleanup();
  afterEach(() => undo.run());

  const mounts = [
    { path: '/', serves: 'privacyidea', publicPoll: true },
    { path: '/edumfa', serves: 'privacyidea', flavour: 'edumfa', publicPoll: true },
  ];
  const own = 'https://mfa.example.com/ttype/push';
  const edumfas = 'https://mfa.example.com/edumfa/ttype/push';
  const urls = (match: object): NonNullable<GatewayWishes['policies']> => [
    { name: 'eduMFA answers there', scope: 'enrollment', match, actions: { push_registration_url: edumfas } },
  ];
  const given = async (wishes: GatewayWishes) => {
    const gateway = await givenGateway(undo, { mounts, ...wishes });
    const clients = { '/': gateway.client, '/edumfa': piClient(`${gateway.client.url}/edumfa`) };
    const init = async (mount: keyof typeof clients) =>
      (await clients[mount].post('/token/init', { type: 'push', genkey: '1', user: 'alice', pin: '1234' }, gateway.admin)).body.detail;
    return { ...gateway, clients, init };
  };

  for (const match of [{ mount: ['/edumfa'] }, { flavour: ['edumfa'] }]) {
    it(`send a phone to the mount that enrolled it, whichever mount starts the login (${Object.keys(match)})`, async () => {
      // given a phone of either mount, both of alice
      const { clients, init, clock } = await given({ policies: urls(match) });
      const phones = [];
      for (const [mount, url] of [['/', own] as const, ['/edumfa', edumfas] as const]) {
        const { serial, enrollment_credential: credential, pushurl } = await init(mount);
        assert.match(pushurl.value, new RegExp(`url=${url.replace(':', '%3A')}&`));
        const phone = piPhone(clients[mount], { serial, credential, clock });
        assert.equal((await phone.rollout()).status, 200);
        phones.push({ phone, url });
      }
      // when she logs in at one mount and then at the other
      for (const client of Object.values(clients)) {
        clock.advance(1);
        const { detail } = (await client.post('/validate/check', { user: 'alice', pass: '1234' })).body;
        assert.equal(detail.multi_challenge.length, 2);
        // then each phone gets its own URL for answers
        for (const { phone, url } of phones) assert.equal((await phone.poll()).body.result.value.at(-1).url, url);
      }
    });
  }

  it('apply at one mount and not at the other', async () => {
    const deny = { name: 'closed', scope: 'authorization', match: { mount: ['/edumfa'] }, actions: { authorized: 'deny_access' } };
    const { clients, phoneOf } = await given({ policies: [deny] });
    await phoneOf('alice');
    const codes = await Promise.all(
      Object.values(clients).map(async (client) => (await client.post('/validate/check', { user: 'alice', pass: '1234' })).status),
    );
    assert.deepEqual(codes, [200, 400]);
  });

  it('send the phones of the example configuration to their mounts', () => {
    const { policies } = JSON.parse(readFileSync('config/example.json', 'utf8'));
    const policy = openPolicy(z.array(ruleConfig).parse(policies));
    const url = (flavour: string, tokenType: string) =>
      policy.value('push_registration_url', { now: 0, dialect: 'privacyidea', flavour, tokenType });
    assert.deepEqual(
      [url('privacyidea', 'push'), url('edumfa', 'push'), url('edumfa', 'edupush')],
      [own, edumfas, 'https://mfa.example.com/edumfa/ttype/edupush'],
    );
  });
});
