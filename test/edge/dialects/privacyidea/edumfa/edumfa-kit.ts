import assert from 'node:assert/strict';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { type AppName, openPhone, type PushRequest, type VirtualPhone } from '../../../../../src/virtual-phone/index.ts';
import { givenFakes } from '../../../../fakes/fakes-kit.ts';
import { type GivenGateway, givenGateway } from '../../../../kit/gateway.ts';
import { type PiClient, type PiReply, piClient } from '../../../../kit/pi-client.ts';
import { freePort } from '../../../../kit/ports.ts';
import { type Cleanup, temporaryFolder } from '../../../../kit/temporary.ts';

/**
 * Options of a test: actions of scope authentication, keys of the mount, settings, further rules and
 * parts of the config.
 */
export type EdumfaWishes = {
  actions?: object;
  admin?: object;
  mount?: object;
  settings?: object;
  rules?: readonly object[];
  more?: object;
};

/** A phone of alice's with one app on it, and the delivery of a push to it. */
export type GivenApp = { phone: VirtualPhone; serial: string; pushed(): PushRequest; asked(): Promise<PushRequest> };

/**
 * A gateway that is privacyIDEA at `/` and eduMFA at `/edumfa`, with a fake of Firebase behind it, and clients of both.
 */
export type GivenEdumfa = GivenGateway & {
  edumfa: PiClient;
  /** Makes a push token at the mount of eduMFA and returns the reply for the administrator. */
  init(wish?: Record<string, string>): Promise<PiReply>;
  /** A phone with this app, enrolled for alice; `push` is the token type of the privacyIDEA Authenticator. */
  enrolled(app: AppName, options?: { ecKeys?: boolean; type?: 'push' | 'edupush' }): Promise<GivenApp>;
  /** alice's login by PIN at the mount of eduMFA. */
  start(more?: Record<string, string>): Promise<PiReply>;
  status(id: string): Promise<PiReply>;
  finish(id: string): Promise<PiReply>;
};

/** Starts it. */
export async function givenEdumfa(
  undo: Cleanup,
  { actions, admin, mount = {}, settings = {}, rules = [], more = {} }: EdumfaWishes = {},
): Promise<GivenEdumfa> {
  let now = Date.now;
  const { fakes } = await givenFakes(undo, { clock: () => now() });
  const ca = join(temporaryFolder(undo), 'ca.pem');
  writeFileSync(ca, fakes.ca);
  const port = await freePort();
  const url = `http://127.0.0.1:${port}/edumfa/ttype`;
  const gateway = await givenGateway(undo, {
    settings,
    environment: { FB1: fakes.fcm.serviceAccount },
    more: {
      ...more,
      listeners: [
        {
          address: `127.0.0.1:${port}`,
          mounts: [
            { path: '/', serves: 'privacyidea', publicPoll: true },
            { path: '/edumfa', serves: 'privacyidea', flavour: 'edumfa', publicPoll: true, ...mount },
          ],
        },
      ],
      providers: [
        { name: 'fb1', kind: 'firebase', default: true, config: { service_account: { $env: 'FB1' }, api_url: fakes.fcm.url, ca } },
      ],
      policies: [
        ...rules,
        ...(actions ? [{ name: 'login', scope: 'authentication', actions }] : []),
        ...(admin ? [{ name: 'admin', scope: 'admin', actions: admin }] : []),
        {
          name: 'enrol',
          scope: 'enrollment',
          actions: {
            push_firebase_configuration: 'fb1',
            push_registration_url: `${url}/push`,
            edupush_registration_url: `${url}/edupush`,
          },
        },
      ],
    },
  });
  now = gateway.clock;
  const edumfa = piClient(`${gateway.client.url}/edumfa`);
  const init: GivenEdumfa['init'] = (wish = {}) =>
    edumfa.post('/token/init', { type: 'edupush', genkey: '1', user: 'alice', pin: '1234', ...wish }, gateway.admin);
  return {
    ...gateway,
    edumfa,
    init,
    async enrolled(app, { ecKeys = false, type = app === 'privacyidea' ? 'push' : 'edupush' } = {}) {
      const phone = openPhone({ file: join(temporaryFolder(undo), 'phone.json'), clock: gateway.clock, app, ecKeys, keyBits: 2048 });
      undo.later(() => phone.close());
      const { detail } = (await init({ type })).body;
      const done = await phone.enrol(detail.pushurl.value, { fcmToken: `phone-of-${detail.serial}` });
      assert.ok(done.ok, done.ok ? '' : done.reason);
      return {
        phone,
        serial: detail.serial,
        pushed() {
          const message = fakes.deliveries.map(({ payload }) => Object(payload)).findLast(({ data }) => data.serial === detail.serial);
          const taken = phone.receive(message?.data);
          assert.ok(taken.kind === 'request', JSON.stringify(taken));
          return taken.request;
        },
        async asked() {
          const [report] = await phone.poll();
          assert.ok(report?.requests[0], JSON.stringify(report));
          return report.requests[0];
        },
      };
    },
    async start(more = {}) {
      gateway.clock.advance(1);
      return edumfa.post('/validate/check', { user: 'alice', pass: '1234', ...more });
    },
    status: (id) => edumfa.get('/validate/polltransaction', { transaction_id: id }),
    finish: (id) => edumfa.post('/validate/check', { user: 'alice', pass: '', transaction_id: id }),
  };
}
