import { type GatewayWishes, type GivenGateway, givenGateway } from '../../../kit/gateway.ts';
import { givenKeycloak, type Keycloak } from '../../../kit/keycloak.ts';
import type { PiPhone } from '../../../kit/pi-phone.ts';
import type { Cleanup } from '../../../kit/temporary.ts';

/** A gateway that is the authentication entity of a stand-in for Keycloak, and alice with her phone. */
export type Shop = GivenGateway & {
  keycloak: Keycloak;
  phone: PiPhone;
  /** The challenges on alice's phone, as it shows them. */
  // biome-ignore lint/suspicious/noExplicitAny: a test looks into whatever the wire brought
  shown(): Promise<any[]>;
  /** Resolves when nothing is under way: no effect of an answer, and no callback that is due. */
  ended(): Promise<void>;
  /** The events of this kind so far. */
  told(kind: string): Record<string, unknown>[];
};

/** Starts both. `entry` changes the realm's entry in the configuration. */
export async function givenShop(undo: Cleanup, { entry = {}, ...wishes }: GatewayWishes & { entry?: object } = {}): Promise<Shop> {
  const realm = await givenKeycloak(undo, () => clock());
  const given = await givenGateway(undo, {
    ...wishes,
    mounts: [
      { path: '/', serves: 'privacyidea' },
      { path: '/', serves: 'keycloak-ciba' },
      { path: '/', serves: 'ops' },
    ],
    more: {
      keycloaks: [{ name: 'shop', issuer: realm.issuer, clients: [{ id: 'till-7', displayName: 'Till 7' }], ...entry }],
      ...wishes.more,
    },
  });
  const { clock } = given;
  realm.channelUrl = `${given.client.url}/keycloak/ciba`;
  const phone = await given.phoneOf('alice');
  return {
    ...given,
    keycloak: realm,
    phone,
    async shown() {
      await given.gateway.settled();
      // Polls of the same millisecond are one poll.
      clock.advance(1);
      return (await phone.poll()).body.result.value;
    },
    async ended() {
      await given.gateway.settled();
      await given.gateway.sendMessages();
      await given.gateway.settled();
    },
    told: (kind) => given.logged.filter(({ event }) => event === kind),
  };
}
