import assert from 'node:assert/strict';
import { generateKeyPairSync } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import { phoneKeyOf } from '../../src/engine/records/phone-key.ts';
import { sha256Hex } from '../../src/foundation/crypto/index.ts';
import type { Decision, PushToken, Transaction } from '../../src/foundation/model/index.ts';
import type { Store } from '../../src/store/store.ts';
import { eachOf, type GivenGateways, givenGateways } from '../kit/gateways.ts';
import { dropDatabase, givenMongo, withClient } from '../kit/mongod.ts';
import { phoneKeys, piPhone } from '../kit/pi-phone.ts';
import { givenChallenge, givenPushToken, givenTransaction } from '../kit/records.ts';
import { tcpProxy } from '../kit/tcp-proxy.ts';
import { cleanup } from '../kit/temporary.ts';
import { openStoreAt } from '../store/mongodb/mongo-kit.ts';

/** How many logins are raced for: `npm run chaos:races` takes 12,500, which are 100,000 finishes. */
const logins = Number(process.env.PUSHGATE_RACES ?? 60);
const askers = 8;
const atOnce = 16;
const phonePublicKey = phoneKeys.publicKey.export({ type: 'spki', format: 'der' }).toString('base64');
const upTo = (count: number): number[] => Array.from({ length: count }, (_, number) => number);

describe('Four gateway processes on one MongoDB', function () {
  this.timeout(Math.max(180_000, logins * 400));
  const mongo = givenMongo();
  const undo = cleanup();
  let given: GivenGateways;
  let store: Store;
  let database = '';

  before('starts the gateways', async () => {
    database = mongo.database();
    undo.later(() => dropDatabase(mongo.url(), database));
    // A busy machine is no outage here.
    const settings = { deliveryDeadlineMs: 30_000 };
    given = await givenGateways(undo, { count: 4, url: mongo.url(), database, store: { operationTimeoutMs: 30_000 }, settings });
    store = await openStoreAt(mongo.url(), database);
    undo.later(() => store.close());
  });
  after(() => undo.run());

  /** The gateway that the request of this number goes to. */
  const node = (number: number) => given.nodes[number % given.nodes.length] ?? given.nodes[0];
  const phone = (number: number, serial: string, credential = '') => piPhone(node(number).client, { serial, credential });

  /** A push token of a user of its own, bound to the phone of these tests. */
  const addToken = async (name: string, over: Partial<PushToken> = {}): Promise<PushToken> => {
    const token = givenPushToken({ serial: name, owner: { user: name, realm: 'corp', resolver: '' }, phonePublicKey, ...over });
    assert.equal(await store.addToken(token), 'added');
    return token;
  };
  /** A login of that user, in this state. */
  const addLogin = async (token: PushToken, state: Decision['state'], id = `id-${token.serial}`): Promise<Transaction> => {
    const answered = state === 'open' ? 'pending' : 'accepted';
    const challenge = givenChallenge({ serial: token.serial, phoneKey: phoneKeyOf(token), handle: id, state: answered });
    const base = givenTransaction({ id, user: token.serial, authServer: 'local' }, [challenge]);
    const until = Date.now() + 600_000;
    const login = { ...base, decision: { ...base.decision, state, answerUntil: until, finishUntil: until } };
    assert.equal(await store.addTransaction(login), 'added');
    return login;
  };
  /** A machine that is too busy may make a gateway give an operation up: 503. */
  const finishOr503 = async (number: number, { id, user }: Transaction): Promise<string | 503 | undefined> => {
    const { status, body, text } = await node(number).client.post('/validate/check', { user, pass: '', transaction_id: id });
    if (status === 503) return status;
    assert.equal(status, 200, text);
    return body.result.authentication;
  };
  const finish = async (number: number, login: Transaction): Promise<string | undefined> => {
    const said = await finishOr503(number, login);
    assert.notEqual(said, 503);
    return said === 503 ? undefined : said;
  };
  const loginsOf = async (serial: string): Promise<number | undefined> => (await store.findToken(serial))?.loginCount;
  const effectsLeft = () =>
    withClient(mongo.url(), (client) =>
      client
        .db(database)
        .collection('transactions')
        .countDocuments({ effectsDue: { $exists: true } }),
    );
  const untilNoEffects = async (): Promise<void> => {
    while ((await effectsLeft()) > 0) await sleep(50);
  };

  it(`hand out each of ${logins} accepted logins once, to one of ${askers} who ask at the same time`, async () => {
    const given: Transaction[] = [];
    await eachOf(upTo(logins), 64, async (number) => given.push(await addLogin(await addToken(`RACE${number}`), 'accepted')));
    const accepts = new Map<string, number>();
    let unsure = 0;
    await eachOf(given, atOnce, async (login, number) => {
      const told = await Promise.all(upTo(askers).map((asker) => finishOr503(number + asker, login)));
      const outages = told.filter((said) => said === 503).length;
      unsure += outages;
      const handedOut = told.filter((said) => said === 'ACCEPT').length;
      // Whoever was told 503 may have been the one who took it.
      accepts.set(login.user, outages > 0 && handedOut === 0 ? 1 : handedOut);
      assert.ok(told.every((said) => said === 'ACCEPT' || said === 'REJECT' || said === 503));
    });
    assert.equal(accepts.size, logins);
    assert.deepEqual(
      [...accepts].filter(([, count]) => count !== 1),
      [],
      'each was handed out exactly once',
    );
    assert.ok(unsure <= logins / 100, `${unsure} of ${logins * askers} were told 503`);
    if (unsure > 0) process.stdout.write(`      ${unsure} of ${logins * askers} were told 503\n`);
    // and each login counts once on its push token
    await untilNoEffects();
    await eachOf(given, 64, async ({ user }) =>
      assert.ok(unsure > 0 ? Number(await loginsOf(user)) <= 1 : (await loginsOf(user)) === 1, user),
    );
  });

  it('let one verdict of a phone stand that accepts and declines at the same time', async () => {
    const rounds = Math.ceil(logins / 10);
    const told = { accepted: 0, declined: 0 };
    await eachOf(upTo(rounds), atOnce, async (number) => {
      const login = await addLogin(await addToken(`VERDICT${number}`), 'open');
      const answers = await Promise.all(
        upTo(askers).map(async (asker) => {
          const decline = asker % 2 === 0;
          const { body, text } = await phone(number + Math.floor(asker / 2), login.user).answer(login.id, { decline });
          assert.equal(typeof body.result.value, 'boolean', text);
          return { decline, isTaken: body.result.value === true };
        }),
      );
      // the first verdict stands, and whoever sends it again is told the same
      const { state } = (await store.findTransaction(login.id))?.decision ?? {};
      assert.ok(state === 'accepted' || state === 'declined', state);
      assert.deepEqual(
        answers.filter(({ decline, isTaken }) => isTaken !== (decline === (state === 'declined'))),
        [],
      );
      told[state] += 1;
    });
    assert.equal(told.accepted + told.declined, rounds);
  });

  it('bind a phone once, and give no server key to two', async () => {
    const count = Math.ceil(logins / 40);
    const { privateKey } = generateKeyPairSync('rsa', {
      modulusLength: 2048,
      privateKeyEncoding: { type: 'pkcs8', format: 'der' },
      publicKeyEncoding: { type: 'pkcs1', format: 'der' },
    });
    // given more keys than are needed: who comes second has taken one in vain
    await eachOf(upTo(count * askers), 32, (number) =>
      store.addStockKey({
        id: `k${number}`,
        bits: 2048,
        publicKey: `key ${number}`,
        sealedPrivateKey: given.keyring.seal(`stock:k${number}`, privateKey),
      }),
    );
    const keys: string[] = [];
    await eachOf(upTo(count), atOnce, async (number) => {
      const rolloutCredential = { digest: sha256Hex('credential'), expiresAt: Date.now() + 600_000 };
      const { phonePublicKey: _unknown, ...offered } = givenPushToken({
        serial: `ROLL${number}`,
        rollout: 'offered',
        enabled: false,
        rolloutCredential,
      });
      await store.addToken(offered);
      const replies = await Promise.all(upTo(askers).map((asker) => phone(number + asker, offered.serial, 'credential').rollout()));
      // all are told of the same key, whoever was first
      const told = new Set(replies.map(({ body, text }) => String(body.detail?.public_key ?? text)));
      assert.equal(told.size, 1, [...told].join());
      keys.push(...told);
      assert.equal((await store.findToken(offered.serial))?.version, 1, 'one write bound it');
    });
    assert.equal(new Set(keys).size, count, 'no key was given out twice');
  });

  it('keep the newest device address of a phone that tells eight at the same time, and say what became of each', async () => {
    const busy: number[] = [];
    await eachOf(upTo(Math.ceil(logins / 40)), atOnce / 2, async (number) => {
      const { serial } = await addToken(`ADDRESS${number}`);
      const now = Date.now();
      const told = await Promise.all(
        upTo(askers).map(async (asker) => {
          const [address, timestamp] = [`fcm-${asker}`, new Date(now + asker).toISOString()];
          const by = phone(number + asker, serial);
          const form = { serial, new_fb_token: address, timestamp, signature: by.sign(`${address}|${serial}|${timestamp}`) };
          return { address, timestamp, reply: await node(number + asker).client.post('/ttype/push', form) };
        }),
      );
      const taken = told.filter(({ reply }) => reply.body.result.value === true);
      busy.push(...told.filter(({ reply }) => reply.status === 503).map(() => number));
      // Who comes after a newer one is told that its time is over, as for any old message.
      const [newest] = taken.toSorted((one, other) => (one.timestamp < other.timestamp ? 1 : -1));
      for (const { reply, timestamp } of told.filter((each) => !taken.includes(each)))
        assert.ok(reply.status === 503 || (reply.status === 400 && timestamp < (newest?.timestamp ?? '')), reply.text);
      const after = await store.findToken(serial);
      assert.equal(after?.version, taken.length, 'what was acknowledged was written, once');
      assert.deepEqual(
        after?.addresses.map(({ value }) => value),
        [newest?.address],
      );
    });
    assert.deepEqual(busy, [], 'nobody was sent away');
  });

  it('count every failure once', async () => {
    const [users, tries] = [10, Math.ceil(logins / 50)];
    const tokens = await Promise.all(upTo(users).map((number) => addToken(`FAIL${number}`, { maxFail: 1_000_000 })));
    await eachOf(tokens, users, async ({ serial }) => {
      await eachOf(upTo(tries), askers, async (attempt) => {
        const { body } = await node(attempt).client.post('/validate/check', { user: serial, pass: 'wrong' });
        assert.equal(body.result.value, false);
        const [timestamp, signature] = [new Date().toISOString(), phone(attempt, serial).sign('something else')];
        assert.equal((await node(attempt).client.get('/ttype/push', { serial, timestamp, signature })).status, 400);
      });
      // a wrong PIN counts on the push token, a wrong signature on its source
      assert.equal((await store.findToken(serial))?.failCount, tries);
      const now = Date.now();
      assert.equal((await store.countUp(`poll:127.0.0.1 ${serial}`, now, now + 1)).count, tries + 1);
    });
  });

  it('carry out once what crashed gateways left to do, though all of them look for it', async () => {
    const [count, each] = [Math.ceil(logins / 100), 15];
    const tokens = await Promise.all(upTo(count).map((number) => addToken(`LEFT${number}`)));
    const at = Date.now();
    await eachOf(tokens, 8, async (token) => {
      for (const number of upTo(each)) {
        const { id, decision } = await addLogin(token, 'accepted', `${token.serial}-${number}`);
        const effect = { id: `${id}:1`, kind: 'login-succeeded' as const, serial: token.serial, at };
        assert.equal(await store.decide(id, 0, { ...decision, state: 'consumed', version: 1 }, [effect], at), 'decided');
      }
    });
    await untilNoEffects();
    // a login that two had carried out in turns would count more than once
    for (const { serial } of tokens) assert.equal(await loginsOf(serial), each, serial);
  });

  it('let no more than five logins wait for one phone, whichever of them is asked', async () => {
    // given a phone that only asks
    const { client } = node(0);
    const { detail } = (await client.post('/token/init', { type: 'push', genkey: '1', user: 'carol', pin: '1234' }, given.admin)).body;
    assert.equal((await phone(1, detail.serial, detail.enrollment_credential).rollout()).status, 200);
    // when forty logins come to four gateways at once
    const begun = await Promise.all(upTo(40).map((number) => node(number).client.post('/validate/check', { user: 'carol', pass: '1234' })));
    assert.deepEqual([...new Set(begun.map(({ body }) => body.result.authentication))], ['CHALLENGE']);
    // then five are left, and no gateway shows more
    const open = await store.openTransactionsOf(detail.serial, Date.now());
    assert.ok(open.length > 0 && open.length <= 5, `${open.length} open`);
    const shown = await Promise.all(upTo(4).map((number) => phone(number, detail.serial).poll()));
    for (const { body } of shown) assert.equal(body.result.value.length, open.length);
  });

  it('count a login once whose gateway was killed after its ACCEPT, before it had counted it or noted that it had', async function () {
    if (!mongo.isOurs()) this.skip();
    // given gateways with wires of their own to the database, which will lose what they send for the effects: the count, or the note
    const killed = [['KILLA', 'lastLogin'] as const, ['KILLB', '$filter'] as const].map(async ([user, text]) => {
      const wire = await tcpProxy(undo, Number(new URL(mongo.url()).port));
      const doomed = await given.add(`mongodb://127.0.0.1:${wire.port}/?directConnection=true`);
      const login = await addLogin(await addToken(user), 'accepted');
      const lost = wire.loseRequest(text);
      // when each hands out a login, and dies
      const told = await doomed.client.post('/validate/check', { user, pass: '', transaction_id: login.id });
      assert.equal(told.body.result.authentication, 'ACCEPT', told.text);
      await lost;
      await doomed.process.end('SIGKILL');
      return login;
    });
    const logins = await Promise.all(killed);
    assert.equal(await effectsLeft(), 2);
    // then, once their leases are over, others do what was left
    await withClient(mongo.url(), async (client) => {
      const left = { effectsDue: { $exists: true } };
      await client
        .db(database)
        .collection('transactions')
        .updateMany(left, { $set: { effectsDue: Date.now() } });
    });
    await untilNoEffects();
    for (const login of logins) {
      assert.equal(await loginsOf(login.user), 1);
      assert.equal(await finish(0, login), 'REJECT');
    }
  });
});
