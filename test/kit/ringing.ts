import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Fakes } from '../../src/fakes/index.ts';
import { givenFakes } from '../fakes/fakes-kit.ts';
import { type GatewayWishes, type GivenGateway, givenGateway } from './gateway.ts';
import type { PiPhone } from './pi-phone.ts';
import { type Cleanup, temporaryFolder } from './temporary.ts';

/** A gateway that rings phones through a fake Firebase. Its auth server names the client address of each login. */
export type RingingGateway = GivenGateway & {
  fakes: Fakes;
  /** How often phones rang so far. */
  rings(): number;
  ringingPhoneOf(user: string, wish?: Record<string, string>): Promise<PiPhone>;
  /** Starts a login from this client address, a moment after the previous one. Resolves with the reply. */
  // biome-ignore lint/suspicious/noExplicitAny: a test looks into whatever the wire brought
  logsIn(address: string, user?: string): Promise<any>;
};

/** Starts both. */
export async function givenRinging(undo: Cleanup, { policies = [], more = {}, ...wishes }: GatewayWishes = {}): Promise<RingingGateway> {
  let now = Date.now;
  const { fakes } = await givenFakes(undo, { clock: () => now() });
  const ca = join(temporaryFolder(undo), 'ca.pem');
  writeFileSync(ca, fakes.ca);
  const config = { service_account: { $env: 'FCM' }, api_url: fakes.fcm.url, ca };
  const enrol = { name: 'fcm', scope: 'enrollment', actions: { push_firebase_configuration: 'fcm' } };
  const world = await givenGateway(undo, {
    ...wishes,
    policies: [...policies, enrol],
    settings: { OverrideAuthorizationClient: '127.0.0.1', ...wishes.settings },
    more: { providers: [{ name: 'fcm', kind: 'firebase', default: true, config }], ...more },
    environment: { ...wishes.environment, FCM: fakes.fcm.serviceAccount },
  });
  now = world.clock;
  return {
    ...world,
    fakes,
    rings: () => fakes.deliveries.length,
    ringingPhoneOf: (user, wish) => world.phoneOf(user, wish, `phone-of-${user}`),
    async logsIn(address, user = 'alice') {
      // What the previous push wrote carries the time of that push.
      await world.gateway.settled();
      world.clock.advance(1);
      return (await world.client.post('/validate/check', { user, pass: '1234', client: address })).body;
    },
  };
}
