import type { Fakes } from '../../fakes/index.ts';
import { record, records } from '../../foundation/model/index.ts';
import type { PushRequest } from '../../virtual-phone/index.ts';
import { CommandFailed } from '../terminal.ts';
import type { Cast } from './stage.ts';
import { approve, enrol, expectTrue, finish, start, waiting } from './steps.ts';

const user = 'alice';
const fcmToken = 'fcm-address-of-alices-phone';
const gda = 'DEADBEEF';

/** The policies of this story: alice by the challenge service first, then by Firebase; all other users by Firebase. */
export const outagePolicies = [
  { name: 'enrol', scope: 'enrollment', actions: { push_firebase_configuration: 'fcm' } },
  { name: 'alice by challenge service first', scope: 'authentication', match: { user: [user] }, actions: { push_provider: ['cs', 'fcm'] } },
  { name: 'all others by Firebase', scope: 'authentication', actions: { push_provider: 'fcm' } },
];

/**
 * Shows that a push arrives despite outages: routing by policy, failover between URLs and providers, a dead address,
 * and an approval on the phone.
 */
export async function outageStory(cast: Cast, fakes: Fakes, deadUrl: string): Promise<void> {
  const { terminal, operator, client } = cast;
  terminal.out(`1. A gateway runs at ${client.url}; fakes of Firebase, APNs and a challenge service (mutual TLS) run beside it.`);
  const serial = await enrol(cast, user, fcmToken);
  await operator.call('POST', `/ops/tokens/${serial}/addresses`, { kind: 'gda', value: gda });
  terminal.out(`2. alice's phone is enrolled (${serial}) with its Firebase address; an operator adds a gda.`);
  await chosenByPolicy(cast);
  await login(cast, fakes, { number: 4, expected: ['cs sent'], by: 'challenge-service' });
  terminal.out(`   Nobody listens at its first URL, ${deadUrl}; the second one took it over.`);
  fakes.setFault({ fake: 'challenge-service', reset: true });
  await login(cast, fakes, { number: 5, expected: ['cs unavailable connection', 'fcm sent'], by: 'fcm' });
  terminal.out('   Every URL of the challenge service cuts the connection now; Firebase took it over.');
  fakes.setDevice({ address: fcmToken, unregisteredSince: Date.now() });
  await unreachable(cast, serial);
}

async function chosenByPolicy({ operator, terminal }: Cast): Promise<void> {
  for (const [name, expected] of [
    [user, 'cs, fcm'],
    ['bob', 'fcm'],
  ] as const) {
    const { plan } = await operator.call('POST', '/ops/policy/explain', { user: name });
    const { providers, rule } = record(plan);
    const names = records(providers).map((provider) => String(provider.name));
    expectTrue(names.join(', ') === expected, `${name} is rung by ${expected}`);
    terminal.out(`${name === user ? '3.' : '  '} Policy rings ${name} by ${names.join(', then ')} ("${String(rule)}").`);
  }
}

type Scene = { number: number; expected: readonly string[]; by: 'fcm' | 'challenge-service' };

/** A login whose push arrives through one of the fakes and is approved on the phone. */
async function login(cast: Cast, fakes: Fakes, { number, expected, by }: Scene): Promise<void> {
  const { terminal } = cast;
  const arrived = fakes.nextDelivery();
  const { id } = await start(cast, user);
  const { fake, payload } = await arrived;
  expectTrue(fake === by, `the push arrives by ${by}`);
  const tried = await trailOf(cast, id);
  expectTrue(tried.join() === expected.join(), `delivery tried ${expected.join(', then ')} and not ${tried.join(', then ')}`);
  await approve(cast, received(cast, payload));
  const { authentication } = await finish(cast, user, id);
  expectTrue(authentication === 'ACCEPT', 'the login is accepted');
  terminal.out(
    `${number}. alice logs in. Delivery: ${tried.join(', then ')}. The phone checks the push, alice approves: ${authentication}.`,
  );
}

/** The delivery attempts, a line each. The trail is written after the reply, so this polls until it is there. */
async function trailOf({ operator }: Cast, id: string): Promise<string[]> {
  for (let look = 0; look < 50; look += 1) {
    const trail = records((await operator.call('GET', `/ops/transactions/${id}`)).trail);
    if (trail.length > 0) return trail.map(({ provider, outcome, reason }) => [provider, outcome, reason].filter(Boolean).join(' '));
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
  throw new CommandFailed('the story broke: the delivery trail was not written');
}

/** The push as the operating system hands it to the app: Firebase's data, or the text of the challenge service. */
function received({ phone }: Cast, payload: unknown): PushRequest {
  const data = typeof payload === 'string' ? JSON.parse(payload) : record(payload).data;
  const taken = phone.receive(data);
  if (taken.kind === 'request') return taken.request;
  throw new CommandFailed(`the story broke: the phone does not show the push (${taken.kind})`);
}

/** No push arrives any more: the address is marked dead. The login still works, because the phone polls. */
async function unreachable(cast: Cast, serial: string): Promise<void> {
  const { terminal, operator } = cast;
  const { id, message } = await start(cast, user);
  const tried = await trailOf(cast, id);
  expectTrue(tried.at(-1) === 'fcm rejected dead-address', 'Firebase says that the app is gone');
  terminal.out(`6. The app's Firebase address is gone as well. Delivery: ${tried.join(', then ')}.`);
  terminal.out(`   The login page says: ${message}`);
  const { addresses } = await operator.call('GET', `/ops/tokens/${serial}/addresses`);
  const dead = records(addresses).filter(({ deadSince }) => deadSince !== undefined);
  expectTrue(dead.length === 1 && dead[0]?.kind === 'fcm', 'the address is marked dead');
  terminal.out('7. The address is marked dead and used no more until the phone tells a new one.');
  await approve(cast, await waiting(cast));
  const { authentication } = await finish(cast, user, id);
  expectTrue(authentication === 'ACCEPT', 'the login is accepted');
  terminal.out(`8. alice opens the app, which asks what is waiting, and approves: ${authentication}. A push that fails loses no login.`);
}
