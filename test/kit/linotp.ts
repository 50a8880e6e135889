import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { loadConfig, problemText } from '../../src/config/index.ts';
import { openListener } from '../../src/edge/http/index.ts';
import { openAudit } from '../../src/engine/audit/index.ts';
import type { Engine, IssueRequest } from '../../src/engine/index.ts';
import { openAccounts } from '../../src/engine/users/index.ts';
import { createPasswords, newKeyring, openKeyring } from '../../src/foundation/keyring/index.ts';
import type { PushToken, Transaction } from '../../src/foundation/model/index.ts';
import { openLog, openMetrics } from '../../src/foundation/telemetry/index.ts';
import { openEventBus } from '../../src/gateway/events.ts';
import { openGeneration } from '../../src/gateway/generation.ts';
import { openHealth } from '../../src/gateway/health.ts';
import { openLongLivedParts } from '../../src/gateway/long-lived-parts.ts';
import { mountsOf } from '../../src/gateway/mounts.ts';
import { openEmbeddedStore } from '../../src/store/embedded/index.ts';
import type { Store } from '../../src/store/store.ts';
import { answerForm, type LinotpRequest, openChallenge } from '../../src/virtual-phone/linotp/challenge.ts';
import { pairingResponse, readPairingUrl } from '../../src/virtual-phone/linotp/pairing.ts';
import type { LinotpToken } from '../../src/virtual-phone/linotp/token.ts';
import { type FakeClock, fakeClock } from './clock.ts';
import { configText, type GatewayWishes } from './gateway.ts';
import { cheapParts } from './prepared-keys.ts';
import { type Cleanup, temporaryFolder } from './temporary.ts';

/** The administrator that changes push tokens in tests. */
export const tester = { administrator: 'admin', authServer: '', dialect: 'linotp', client: '127.0.0.1' };

/** A reply of LinOTP's dialect. */
export type LinotpHttpReply = {
  status: number;
  type: string;
  text: string;
  body: { id: number; result: { status: boolean; value: unknown } };
};

/**
 * A gateway with a LinOTP mount, whose engine a test can also call directly: real HTTP on a free port, the embedded
 * store, a clock that the test moves.
 */
export type GivenLinotp = {
  engine: Engine;
  store: Store;
  clock: FakeClock;
  url: string;
  logged: string[];
  /** Offers a push token. Returns the text of its QR code. */
  offer(serial: string, over?: { owner?: PushToken['owner']; lifeMs?: number }): Promise<string>;
  /** Asks the phones of these push tokens. Returns the transaction. */
  ask(serials: readonly string[], over?: Partial<IssueRequest>): Promise<Transaction>;
  /** Posts a form to `/validate/…`. */
  post(call: string, form: Record<string, string>): Promise<LinotpHttpReply>;
  token(serial: string): Promise<PushToken>;
  stateOf(transaction: Transaction): Promise<Transaction['decision']['state'] | undefined>;
  /** A push token that its phone has activated. */
  activePhone(serial: string, owner?: PushToken['owner']): Promise<LinotpTestPhone>;
};

/** Starts it; `undo` stops it. */
export async function givenLinotp(undo: Cleanup, wishes: GatewayWishes = {}): Promise<GivenLinotp> {
  const folder = temporaryFolder(undo);
  const mounts = [
    { path: '/', serves: 'linotp' },
    { path: '/pi', serves: 'privacyidea' },
  ];
  writeFileSync(join(folder, 'config.json'), configText({ mounts, ...wishes }));
  const loaded = await loadConfig(join(folder, 'config.json'), {});
  assert.ok(loaded.ok, loaded.ok ? '' : loaded.error.map(problemText).join('\n'));
  const clock = fakeClock(Date.now());
  const logged: string[] = [];
  const log = openLog('debug', { write: (line: string) => void logged.push(line) });
  const metrics = openMetrics('0');
  const keyring = openKeyring(newKeyring(0));
  const options = { ...loaded.value, environment: {}, clock, log, metrics, tell: openEventBus(log, metrics).tell, parts: cheapParts };
  const store = await openEmbeddedStore({ path: join(folder, 'pushgate.db'), log });
  const audit = await openAudit({ ...options, store, keyring, aloneInStore: true });
  const passwords = createPasswords(keyring, cheapParts.hashCost);
  const longLived = openLongLivedParts({ ...options, keyring, passwords, store, audit, configNow: () => options.config });
  const accounts = openAccounts(longLived);
  const generation = await openGeneration({ ...options, longLived, accounts, mayFail: () => true });
  const { engine, parts } = generation;
  const [listener] = loaded.value.config.listeners;
  assert.ok(listener);
  const draining = { now: false };
  const health = openHealth({ ...longLived, directory: () => parts.directory });
  const given = mountsOf({ ...generation, listener, accounts, health, draining, streams: { take: () => () => undefined } });
  const { url, close } = await openListener({ address: '127.0.0.1:0', mounts: given, log, metrics, draining });
  undo.later(async () => {
    await close(0);
    await generation.close();
    await longLived.keyStock.close();
    await audit.close();
    await store.close();
  });
  return { ...callsOf({ engine, store, url }), engine, store, clock, url, logged };
}

const asker = { authServer: 'vpn', dialect: 'linotp', client: '127.0.0.1', userAgent: '' };
const rule = { declineSettles: true, consume: 'never', graceMs: 0 } as const;

function callsOf({ engine, store, url }: Pick<GivenLinotp, 'engine' | 'store' | 'url'>) {
  const token = async (serial: string): Promise<PushToken> => {
    const found = await store.findToken(serial);
    assert.ok(found, `${serial} is there`);
    return found;
  };
  const post: GivenLinotp['post'] = async (call, form) =>
    readReply(await fetch(`${url}/validate/${call}`, { method: 'POST', body: new URLSearchParams(form) }));
  const offer: GivenLinotp['offer'] = async (serial, { owner, lifeMs = 3_600_000 } = {}) => {
    const offered = await engine.administration(tester).offer(asker, {
      type: 'push',
      phone: { protocol: 'linotp', flavour: 'linotp' },
      serialPrefix: 'KIPT',
      serial,
      ...(owner ? { owner } : {}),
      realms: [],
      description: '',
      pin: '',
      provider: 'poll',
      offer: { url: `${url}/validate/pair`, lifeMs, sslVerify: true, pollOnly: false, label: () => '', issuer: () => '', extras: {} },
    });
    assert.ok(offered.ok, JSON.stringify(offered));
    return offered.value.text;
  };
  const ask: GivenLinotp['ask'] = async (serials, over = {}) => {
    const tokens = await Promise.all(serials.map(token));
    const prompt = { title: 'ACME', question: 'Log in?' };
    const issued = await engine.challenges.issue({ asker, user: '', realm: '', tokens, prompt, rule, ...over });
    assert.ok(issued.ok, JSON.stringify(issued));
    return issued.value.transaction;
  };
  const stateOf = async ({ id }: Transaction) => (await store.findTransaction(id))?.decision.state;
  const activePhone: GivenLinotp['activePhone'] = async (serial, owner) => {
    const phone = linotpTestPhone(await offer(serial, owner ? { owner } : {}));
    assert.equal((await post('pair', { pairing_response: phone.pairing() })).body.result.status, true);
    const activation = await ask([serial], { kind: 'activation' });
    assert.equal((await post('accept_transaction', phone.answer(activation, 'ACCEPT'))).body.result.value, true);
    return phone;
  };
  return { token, post, offer, ask, stateOf, activePhone };
}

async function readReply(reply: Response): Promise<LinotpHttpReply> {
  const text = await reply.text();
  return { status: reply.status, type: reply.headers.get('content-type') ?? '', text, body: JSON.parse(text) };
}

/** A phone that does as the test says: no checks, no state. It uses parts of the virtual phone. */
export type LinotpTestPhone = {
  readonly serial: string;
  readonly token: LinotpToken;
  /** A pairing response, with the fields that the test changes. */
  pairing(over?: Partial<LinotpToken>): string;
  read(transaction: Transaction): LinotpRequest;
  /** The form of an answer to its challenge in this transaction. */
  answer(transaction: Transaction, word: 'ACCEPT' | 'DENY'): { transactionid: string; signature: string };
};

/** A new phone for the text of a QR code. */
export function linotpTestPhone(uri: string): LinotpTestPhone {
  const offer = readPairingUrl(uri);
  assert.ok(offer.ok, offer.ok ? '' : offer.reason);
  const keys = { tokenId: 7, seed: randomBytes(32).toString('base64'), gda: 'DEADBEEF', login: 'alice' };
  const token: LinotpToken = { ...offer.value, ...keys, scannedAt: 0, state: 'scanned', answered: [] };
  const read = ({ decision }: Transaction): LinotpRequest => {
    const challenge = decision.challenges.find(({ serial }) => serial === token.serial);
    const opened = openChallenge(challenge?.payload ?? '', [token]);
    assert.ok(opened.ok, opened.ok ? '' : opened.reason);
    return opened.value;
  };
  return {
    serial: token.serial,
    token,
    pairing: (over = {}) => pairingResponse({ ...token, ...over }, randomBytes(32)),
    read,
    answer: (transaction, word) => answerForm(token, read(transaction), word),
  };
}
