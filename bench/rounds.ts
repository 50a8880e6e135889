import { type Connections, formBytes, openConnections, type Requests, requestBytes } from './harness/connections.ts';
import type { Gateway, User } from './harness/gateway.ts';
import type { Limits } from './harness/limits.ts';
import { cpuUsed } from './harness/machine.ts';
import { type Measured, measure, type Sample, sampleOf } from './harness/measure.ts';
import { answerBytes, phonePublicKey, pollBytes } from './harness/phone.ts';

/** Takes a sample of one operation; `signatures` is the number of signatures that the gateway made for each. */
export type Note = (bench: string, sample: Sample, signatures?: number) => void;

/** The parts that one round of operations needs. */
export type Round = {
  gateway: Gateway;
  parallel: number;
  note: Note;
  /** Processes that work for the measurement, not for the program. */
  helpers: readonly number[];
  /** How many pushes have arrived. */
  taken(): Promise<number>;
};

/** The limit of an operation per second; undefined if only the gateway's own work limits it. */
export function limitOf(bench: string, signatures: number, limits: Limits): number | undefined {
  if (signatures > 0) return bench === 'login' ? limits.signatures / (signatures + 2) : limits.signatures / signatures;
  return undefined;
}

/** The benches of a round, by name. */
export const benches = [
  'trigger',
  'phone poll',
  'poll',
  'answer',
  'finish',
  'trigger with PIN',
  'phone poll, 5 open',
  'login',
  'relay',
  'relay, 32 at once',
  'enrolment',
  'start',
];

/** The number of enrolments in a round. */
export const enrolmentsOf = (tokens: number): number => Math.min(tokens, 200);

/** Runs the steps that the wanted benches need. */
export async function oneRound(round: Round, wanted: readonly string[]): Promise<void> {
  const isWanted = (...names: string[]): boolean => names.some((name) => wanted.includes(name));
  if (isWanted('trigger', 'phone poll', 'poll', 'answer', 'finish')) await loginsInStep(round, 'trigger');
  if (isWanted('trigger with PIN')) await loginsInStep({ ...round, note: onlyOf('trigger with PIN', round.note) }, 'trigger with PIN');
  if (isWanted('phone poll, 5 open')) await crowdedPolls(round);
  if (isWanted('login')) await wholeLogins(round);
  if (isWanted('relay')) await relays(round, 'relay');
  if (isWanted('relay, 32 at once')) await relays({ ...round, parallel: 32 }, 'relay, 32 at once');
  if (isWanted('enrolment')) await enrolments(round);
  if (isWanted('start')) await start(round);
}

/** Takes the samples of one bench only. */
function onlyOf(name: string, note: Note): Note {
  return (bench, sample, signatures) => {
    if (bench === name) note(bench, sample, signatures);
  };
}

/**
 * Enrolments with server keys in stock: `/token/init` with its QR code, and the rollout. Without a PIN, because its
 * hash deliberately costs 20 ms.
 */
async function enrolments(round: Round): Promise<void> {
  const { gateway, note } = round;
  const { send, close } = await openSender(round);
  const inits = Array.from({ length: enrolmentsOf(gateway.users.length) }, () => {
    enrolled += 1;
    return formBytes('/token/init', { type: 'push', genkey: '1', user: `new${enrolled}` }, gateway.admin);
  });
  const begun = await send(inits, holds('enrollment_credential'));
  const rollouts = begun.run.replies.map((reply) => {
    const serial = /"serial": ?"(\w+)"/.exec(reply)?.[1] ?? '';
    const credential = /"enrollment_credential": ?"([^"]+)"/.exec(reply)?.[1] ?? '';
    return formBytes('/ttype/push', { serial, enrollment_credential: credential, fbtoken: `new-${serial}`, pubkey: phonePublicKey });
  });
  const done = await send(rollouts, holds('public_key'));
  note('enrolment', joined(begun, done));
  close();
}

let enrolled = 0;

/** Two runs of the same length as one run of pairs: the rate covers both, the latencies are the second's. */
function joined(first: Measured, second: Measured): Sample {
  const seconds = first.run.seconds + second.run.seconds;
  const { p50, p99, clientShare } = second.sample;
  const faults = [...first.sample.faults, ...second.sample.faults];
  return { perSecond: second.run.count / seconds, cpuMs: first.sample.cpuMs + second.sample.cpuMs, p50, p99, clientShare, faults };
}

/** Stops the gateway and starts it again: time from the start of the process to the first successful `/readyz`. */
async function start({ gateway, note }: Round): Promise<void> {
  const ms = await gateway.restart();
  const used = cpuUsed(gateway.pid).program;
  note('start', { perSecond: 1000 / ms, cpuMs: used * 1000, p50: ms, p99: ms, clientShare: 0, faults: [] });
}

/**
 * Logins in lockstep, to stay below every limit: all start, all phones poll, all pages poll, all phones answer, all
 * logins finish.
 */
async function loginsInStep(round: Round, way: 'trigger' | 'trigger with PIN'): Promise<void> {
  const { gateway, note } = round;
  const { users } = gateway;
  const { send, close } = await openSender(round);
  const before = await round.taken();
  const started = await send(
    users.map((user) => triggerBytes(gateway, user, way)),
    holds('transaction_id'),
  );
  const lost = users.length - ((await round.taken()) - before);
  if (lost > 0) started.sample.faults.push(`${lost} pushes did not arrive`);
  const ids = started.run.replies.map(transactionIn);
  const polled = await send(await Promise.all(users.map(pollBytes)), holds('nonce'));
  const signatures = polled.run.replies[0]?.includes('capabilities_signature') ? 2 : 1;
  note(way, started.sample, signatures);
  note('phone poll', polled.sample);
  const asked = await send(
    ids.flatMap((id) => Array<Buffer>(pollsPerLogin).fill(askBytes(id))),
    holds('"result"'),
  );
  note('poll', asked.sample);
  const answers = await Promise.all(users.map((user, at) => answerBytes(user, nonceIn(polled.run.replies[at]))));
  note('answer', (await send(answers, isTrue)).sample);
  note(
    'finish',
    (
      await send(
        users.map((user, at) => finishBytes(user, ids[at])),
        isAccepted,
      )
    ).sample,
  );
  close();
}

/** Polls of phones with five open challenges each; then all are answered. */
async function crowdedPolls(round: Round): Promise<void> {
  const { gateway, note } = round;
  const users = gateway.users.slice(0, Math.ceil(gateway.users.length / 5));
  const { send, close } = await openSender(round);
  for (let open = 0; open < 5; open += 1)
    await send(
      users.map((user) => triggerBytes(gateway, user, 'trigger')),
      holds('transaction_id'),
    );
  const polled = await send(await Promise.all(users.map(pollBytes)), holds('nonce'));
  note('phone poll, 5 open', polled.sample);
  const nonces = polled.run.replies.map((reply) => [...reply.matchAll(noncePattern)].map(([, nonce = '']) => nonce));
  await send(await Promise.all(users.flatMap((user, at) => (nonces[at] ?? []).map((nonce) => answerBytes(user, nonce)))), isTrue);
  close();
}

/** Complete logins, in sequence per connection: PIN, the phone polls, signs and answers, finish. */
async function wholeLogins(round: Round): Promise<void> {
  const { gateway, parallel, note, helpers } = round;
  const connections = await Promise.all(Array.from({ length: parallel }, () => openConnections(gateway.port, 1)));
  const latencies: number[] = [];
  let [next, signatures] = [0, 1];
  let bad: string | undefined;
  const clocks = () => [gateway.pid, ...helpers].map(cpuUsed);
  const before = clocks();
  const begun = performance.now();
  const lane = async (own: Connections): Promise<void> => {
    const ask = async (bytes: Buffer, isGood: Requests['isGood']): Promise<string> => {
      const { replies, bad: wrong } = await own.run({ bytes: [bytes], isGood, keep: true });
      bad ??= wrong;
      return replies[0] ?? '';
    };
    for (let user = gateway.users[next++]; user; user = gateway.users[next++]) {
      const sent = performance.now();
      const id = transactionIn(await ask(triggerBytes(gateway, user, 'trigger with PIN'), holds('transaction_id')));
      const polled = await ask(await pollBytes(user), holds('nonce'));
      signatures = polled.includes('capabilities_signature') ? 2 : 1;
      await ask(await answerBytes(user, nonceIn(polled)), isTrue);
      await ask(finishBytes(user, id), isAccepted);
      latencies.push(performance.now() - sent);
    }
  };
  await Promise.all(connections.map(lane));
  const seconds = (performance.now() - begun) / 1000;
  const run = { count: latencies.length, seconds, latencies: Float64Array.from(latencies), bad };
  note('login', sampleOf(run, before, clocks()), signatures);
  for (const each of connections) each.close();
}

let relayed = 0;

/** A challenge of a LinOTP that keeps its own tokens, to a new phone. */
export function relayBytes(): Buffer {
  relayed += 1;
  const challenge = { transactionId: String(100_000_000_000 + relayed), gda: `fcm:relay-${relayed}`, challenge: relayPayload };
  return requestBytes('POST', '/relay/v1/challenge', { body: JSON.stringify({ challenge }) });
}

async function relays(round: Round, name: string): Promise<void> {
  const { send, close } = await openSender(round);
  const bytes = Array.from({ length: round.gateway.users.length }, relayBytes);
  round.note(name, (await send(bytes, (reply) => reply.startsWith('200'))).sample);
  close();
}

const pollsPerLogin = 4;
const relayPayload = `lseqr://push/${'A'.repeat(400)}`;
const noncePattern = /"nonce": ?"([A-Z2-7]{32})"/g;

const holds =
  (text: string): Requests['isGood'] =>
  (reply) =>
    reply.startsWith('200') && reply.includes(text);
const isTrue: Requests['isGood'] = (reply) => /^200 .*"value": ?true/s.test(reply);
const isAccepted = holds('"ACCEPT"');

type Sender = { send(bytes: readonly Buffer[], isGood: Requests['isGood']): ReturnType<typeof measure>; close(): void };

async function openSender({ gateway, parallel, helpers }: Round): Promise<Sender> {
  const connections = await openConnections(gateway.port, parallel);
  return {
    send: (bytes, isGood) => measure(gateway.pid, connections, { bytes, isGood, keep: true }, helpers),
    close: () => connections.close(),
  };
}

const triggerBytes = ({ admin }: Gateway, { name }: User, way: 'trigger' | 'trigger with PIN'): Buffer =>
  way === 'trigger'
    ? formBytes('/validate/triggerchallenge', { user: name }, admin)
    : formBytes('/validate/check', { user: name, pass: '1234' });

const askBytes = (id: string): Buffer => requestBytes('GET', `/validate/polltransaction?transaction_id=${id}`);
const finishBytes = ({ name }: User, id = ''): Buffer => formBytes('/validate/check', { user: name, pass: '', transaction_id: id });

const transactionIn = (reply: string): string => /"transaction_id": ?"(\d+)"/.exec(reply)?.[1] ?? '';
const nonceIn = (reply = ''): string => [...reply.matchAll(noncePattern)][0]?.[1] ?? '';
