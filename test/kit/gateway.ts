import assert from 'node:assert/strict';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { loadConfig, problemText } from '../../src/config/index.ts';
import { openLog } from '../../src/foundation/telemetry/index.ts';
import type { CostlyParts } from '../../src/gateway/options.ts';
import { type Gateway, startGateway } from '../../src/gateway/start.ts';
import { type FakeClock, fakeClock } from './clock.ts';
import { type PiClient, piClient } from './pi-client.ts';
import { type PiPhone, piPhone } from './pi-phone.ts';
import { cheapParts } from './prepared-keys.ts';
import { type Cleanup, temporaryFolder } from './temporary.ts';

/**
 * A whole gateway in this process: real HTTP on a free port, an embedded store in its own folder, a clock that the test
 * moves.
 */
export type GivenGateway = {
  gateway: Gateway;
  client: PiClient;
  clock: FakeClock;
  folder: string;
  /** The log so far, one parsed line each. */
  logged: Record<string, unknown>[];
  /** Headers of the administrator; empty if another gateway made the account. */
  admin: Record<string, string>;
  /** An enrolled push token of this user, with a device address if `address` is given. */
  phoneOf(user: string, wish?: Record<string, string>, address?: string): Promise<PiPhone>;
  /** Starts a login with a PIN. Returns its transaction and the nonce in the phone's push. */
  challenge(user: string, phone: PiPhone, pin?: string): Promise<{ id: string; nonce: string }>;
};

type Policy = { name: string; scope?: string; match?: object; actions: object };

/** The parts of a gateway that a test may set; the rest is a small configuration with sensible values. */
export type GatewayWishes = {
  policies?: Policy[];
  settings?: object;
  mounts?: object[];
  /** The address of the listener; without it, a free port. */
  address?: string;
  more?: object;
  environment?: Record<string, string>;
  /** Replaces the prepared keys and cheap hashes; an empty object means the product's own. */
  parts?: CostlyParts;
};

const enrolment: Policy = {
  name: 'enrol',
  scope: 'enrollment',
  actions: { push_firebase_configuration: 'poll only', push_registration_url: 'https://mfa.example.com/ttype/push' },
};

/** Unlimited logins ring a phone and wait for it, like the servers of the recordings. */
export const unlimited: Policy = {
  name: 'no limits',
  scope: 'authentication',
  actions: { push_open_challenges: 0, push_prompts_without_accept: 0 },
};

/** A mount of every dialect and flavour. */
export const mountsOfAll = [
  { path: '/', serves: 'privacyidea' },
  { path: '/edumfa', serves: 'privacyidea', flavour: 'edumfa' },
  { path: '/linotp', serves: 'linotp' },
  { path: '/cs', serves: 'challenge-service' },
  { path: '/ops', serves: 'ops' },
];

/** The text of a configuration with one listener on a free port. */
export function configText(
  { policies = [], settings = {}, mounts, more = {}, ...wishes }: GatewayWishes = {},
  address = wishes.address ?? '127.0.0.1:0',
): string {
  const usual = [
    { path: '/', serves: 'privacyidea', publicPoll: true },
    { path: '/', serves: 'ops' },
  ];
  const config = {
    listeners: [{ address, mounts: mounts ?? usual }],
    store: { kind: 'embedded', path: 'pushgate.db' },
    keyring: { $file: 'keyring.json' },
    realms: [{ name: 'corp', default: true }, { name: 'guests' }],
    providers: [{ name: 'poll', kind: 'poll-only', default: true, config: {} }],
    settings: { serverKeyBits: 2048, serverKeyStock: 2, ...settings },
    ...more,
  };
  // A rule of enrolment has no effect without a mount that enrols.
  const enrols = JSON.stringify(config.listeners).includes('"serves":"privacyidea"');
  return JSON.stringify({ ...config, policies: [...policies, ...(enrols ? [enrolment] : [])], ...more });
}

/** Starts a gateway that `undo` stops. */
export async function givenGateway(undo: Cleanup, wishes: GatewayWishes = {}): Promise<GivenGateway> {
  const folder = temporaryFolder(undo);
  const clock = fakeClock(Date.now());
  const { environment = {}, parts = cheapParts } = wishes;
  writeFileSync(join(folder, 'config.json'), configText(wishes));
  const loaded = await loadConfig(join(folder, 'config.json'), environment);
  assert.ok(loaded.ok, loaded.ok ? '' : loaded.error.map(problemText).join('\n'));
  const logged: Record<string, unknown>[] = [];
  const log = openLog('debug', { write: (line: string) => void logged.push(JSON.parse(line)) });
  const gateway = await startGateway({ ...loaded.value, environment, clock, log, parts });
  undo.later(() => gateway.close());
  const client = piClient(gateway.urls[0] ?? '');
  const admin = gateway.firstPassword === undefined ? {} : await client.login('admin', gateway.firstPassword);
  return {
    gateway,
    client,
    clock,
    folder,
    logged,
    admin,
    async phoneOf(user, wish = {}, address) {
      const { body } = await client.post('/token/init', { type: 'push', genkey: '1', user, pin: '1234', ...wish }, admin);
      const phone = piPhone(client, { serial: body.detail.serial, credential: body.detail.enrollment_credential, clock });
      const { status, text } = await phone.rollout(address === undefined ? {} : { fbtoken: address });
      assert.equal(status, 200, text);
      return phone;
    },
    async challenge(user, phone, pin = '1234') {
      // Challenges of the same millisecond have no order, and the test means the newest one.
      await gateway.settled();
      clock.advance(1);
      const started = await client.post('/validate/check', { user, pass: pin });
      assert.equal(started.body.result.authentication, 'CHALLENGE', started.text);
      const waiting = (await phone.poll()).body.result.value;
      return { id: started.body.detail.transaction_id, nonce: waiting.at(-1).nonce };
    },
  };
}
