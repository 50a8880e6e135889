import assert from 'node:assert/strict';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { loadKinds } from '../../providers/catalog.ts';
import type { OpenProvider, Push } from '../../src/delivery/provider-kit/index.ts';
import { definitionOf } from '../../src/delivery/registry/index.ts';
import { type Fakes, hexAddress } from '../../src/fakes/index.ts';
import { Secret } from '../../src/foundation/settings/index.ts';
import { givenHost, givenPush } from '../delivery/provider-conformance.ts';
import { fakeClock, minutes } from '../kit/clock.ts';
import { type Cleanup, cleanup, temporaryFolder } from '../kit/temporary.ts';
import { givenFakes } from './fakes-kit.ts';

const catalog = await loadKinds();

type Configure = (fakes: Fakes, folder: string) => Record<string, unknown>;

/** Each provider with the fake of its far side, and how an address of it is written. */
const pairs: { kind: string; fake: 'fcm' | 'apns' | 'challenge-service'; configure: Configure; address: (text: string) => string }[] = [
  {
    kind: 'firebase',
    fake: 'fcm',
    configure: ({ fcm }, folder) => ({ service_account: new Secret(fcm.serviceAccount), api_url: fcm.url, ca: join(folder, 'ca.pem') }),
    address: (text) => text,
  },
  {
    kind: 'apns',
    fake: 'apns',
    configure: ({ apns }, folder) => ({
      key: new Secret(apns.key),
      key_id: apns.keyId,
      team_id: apns.teamId,
      topic: apns.topic,
      production_url: apns.productionUrl,
      sandbox_url: apns.sandboxUrl,
      ca: join(folder, 'ca.pem'),
    }),
    address: (text) => hexAddress(text),
  },
  {
    kind: 'challenge-service',
    fake: 'challenge-service',
    configure: ({ challengeService }, folder) => ({
      push_url: challengeService.urls,
      access_certificate: join(folder, 'client.pem'),
      server_certificate: join(folder, 'ca.pem'),
    }),
    address: (text) => text,
  },
];

for (const { kind, fake, configure, address } of pairs) {
  describe(`The provider ${kind} and the fake of its far side`, function () {
    this.timeout(30_000);
    const undo: Cleanup = cleanup();
    afterEach(() => undo.run());

    const given = async (
      clock: () => number = Date.now,
    ): Promise<{
      fakes: Fakes;
      provider: OpenProvider;
      deliver: (to: string, over?: Partial<Push>, by?: OpenProvider) => ReturnType<OpenProvider['deliver']>;
      open: () => Promise<OpenProvider>;
    }> => {
      const { fakes } = await givenFakes(undo, { clock });
      const folder = temporaryFolder(undo);
      writeFileSync(join(folder, 'ca.pem'), fakes.ca);
      writeFileSync(join(folder, 'client.pem'), fakes.clientCertificate ?? '');
      const definition = definitionOf(catalog, kind);
      const open = async () => {
        const opened = await definition.open(definition.config.parse(configure(fakes, folder)), givenHost(definition, { clock }));
        undo.later(() => opened.close());
        return opened;
      };
      const provider = await open();
      const kindOf = definition.addresses[0];
      assert.ok(kindOf !== undefined && kindOf !== 'none');
      const deliver = (to: string, over: Partial<Push> = {}, by = provider) =>
        by.deliver(givenPush({ address: { kind: kindOf, value: address(to), since: 1 }, ...over }), AbortSignal.timeout(10_000));
      return { fakes, provider, deliver, open };
    };

    it('agree about an accepted push', async () => {
      const { fakes, deliver } = await given();
      assert.deepEqual(await deliver('device-1'), { kind: 'sent' });
      assert.equal(fakes.deliveries.length, 1);
      assert.equal(fakes.deliveries[0]?.fake, fake);
    });

    it('agree that the credentials work, without a push to a phone', async () => {
      const { fakes, provider } = await given();
      const checked = await provider.check(AbortSignal.timeout(10_000));
      assert.equal(checked.ok, true, JSON.stringify(checked));
      assert.equal(fakes.deliveries.length, 0);
    });

    it('agree about a push that is throttled, failed, cut off or ended by GOAWAY', async () => {
      const { fakes, deliver } = await given();
      const outcomeOf = async (effect: object) => {
        fakes.clearFaults();
        fakes.setFault({ fake, ...effect });
        return deliver('device-1', { handle: `H${JSON.stringify(effect)}` });
      };
      const throttled = await outcomeOf({ status: 429, retryAfter: 7 });
      assert.deepEqual(
        [throttled.kind, throttled.reason, 'retryAfterMs' in throttled && throttled.retryAfterMs],
        ['unavailable', 'throttled', 7000],
      );
      assert.deepEqual((await outcomeOf({ status: 503 })).reason, 'server');
      assert.deepEqual((await outcomeOf({ reset: true })).reason, 'connection');
    });

    for (const [fault, effect] of Object.entries({ 'is cut off': { reset: true }, 'ends with GOAWAY': { goaway: true } })) {
      it(`deliver once a push that ${fault}, on a new connection and on a used one`, async () => {
        const { fakes, deliver } = await given();
        for (const handle of ['FIRST', 'SECOND']) {
          fakes.setFault({ fake, ...effect, times: 1 });
          assert.deepEqual(await deliver('device-1', { handle }), { kind: 'sent' });
        }
        assert.equal(fakes.deliveries.length, 2);
      });
    }

    it('agree about pushes of two gateways with the same credentials, one of which restarts all the time', async () => {
      const clock = fakeClock(Date.now());
      const { fakes, provider, deliver, open } = await given(clock);
      for (let at = 0; at < 14; at += 1, clock.advance(minutes(5))) {
        const restarted = await open();
        for (const [name, by] of Object.entries({ steady: provider, restarted }))
          assert.deepEqual(await deliver('device-1', { handle: `${name}${at}` }, by), { kind: 'sent' }, `${name} after ${at * 5} minutes`);
        await restarted.close();
      }
      assert.equal(fakes.deliveries.length, 28);
    });

    if (kind !== 'challenge-service') {
      it('agree about an unregistered phone', async () => {
        const { fakes, deliver } = await given();
        fakes.setDevice({ address: address('device-2'), unregisteredSince: Date.now() });
        const outcome = await deliver('device-2');
        assert.deepEqual([outcome.kind, outcome.reason], ['rejected', 'dead-address']);
      });
    }
  });
}
