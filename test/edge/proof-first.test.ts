import assert from 'node:assert/strict';
import { generateKeyPairSync, sign } from 'node:crypto';
import { signedText } from '../../src/engine/relay/index.ts';
import { type GivenGateway, givenGateway } from '../kit/gateway.ts';
import { givenLinotpGateway } from '../kit/linotp-gateway.ts';
import { piPhone } from '../kit/pi-phone.ts';
import { type Cleanup, cleanup } from '../kit/temporary.ts';
import { givenRelay } from './dialects/challenge-service/given.ts';

/** The part of a reply that shows whether the proof was accepted. */
type Came = { status: number; isTaken: boolean };

/** Records the writes to the store. */
type Watched = Pick<GivenGateway, 'gateway' | 'logged'>;

/**
 * A kind of proof. `wrong` and `right` are one try each; `beyond` is the status of a wrong one past the
 * limit.
 */
type Prover = { gateway: Watched; wrong(): Promise<Came>; right(): Promise<Came>; beyond: number };

const settings = { sourceFailures: 3 };
const ofPi = async (reply: Promise<{ status: number; body: { result: { value?: unknown } } }>): Promise<Came> => {
  const { status, body } = await reply;
  return { status, isTaken: status === 200 && body.result.value !== false };
};

const ops = { path: '/', serves: 'ops' };
const linotpMounts = [{ path: '/linotp', serves: 'linotp' }, { path: '/', serves: 'privacyidea' }, ops];

async function givenPiPhone(undo: Cleanup) {
  const gateway = await givenGateway(undo, { settings });
  const phone = await gateway.phoneOf('alice');
  return { gateway, phone };
}

const provers: readonly { title: string; given(undo: Cleanup): Promise<Prover> }[] = [
  {
    title: "an answer of privacyIDEA's phone",
    async given(undo) {
      const { gateway, phone } = await givenPiPhone(undo);
      const { nonce } = await gateway.challenge('alice', phone);
      const wrong = () => ofPi(gateway.client.post('/ttype/push', { serial: phone.serial, nonce, signature: 'AAAA' }));
      return { gateway, wrong, right: () => ofPi(phone.answer(nonce)), beyond: 429 };
    },
  },
  {
    title: "a poll of privacyIDEA's phone",
    async given(undo) {
      const { gateway, phone } = await givenPiPhone(undo);
      const timestamp = new Date(gateway.clock()).toISOString();
      const wrong = () => ofPi(gateway.client.get('/ttype/push', { serial: phone.serial, timestamp, signature: 'AAAA' }));
      return { gateway, wrong, right: () => ofPi(phone.poll()), beyond: 400 };
    },
  },
  {
    title: "a new address of privacyIDEA's phone",
    async given(undo) {
      const { gateway, phone } = await givenPiPhone(undo);
      const { serial } = phone;
      const timestamp = new Date(gateway.clock()).toISOString();
      const update = (signature: string) => ofPi(gateway.client.post('/ttype/push', { serial, timestamp, new_fb_token: 'new', signature }));
      return { gateway, wrong: () => update('AAAA'), right: () => update(phone.sign(`new|${serial}|${timestamp}`)), beyond: 400 };
    },
  },
  {
    title: "a rollout of privacyIDEA's phone",
    async given(undo) {
      const gateway = await givenGateway(undo, { settings });
      const { client, admin, clock } = gateway;
      const { body } = await client.post('/token/init', { type: 'push', genkey: '1', user: 'alice' }, admin);
      const { serial, enrollment_credential } = body.detail;
      const rollout = (credential: string) => ofPi(piPhone(client, { serial, credential, clock }).rollout());
      return { gateway, wrong: () => rollout('guessed'), right: () => rollout(enrollment_credential), beyond: 429 };
    },
  },
  {
    title: "an answer of LinOTP's phone",
    async given(undo) {
      const gateway = await givenLinotpGateway(undo, { settings, mounts: linotpMounts });
      const phone = await gateway.active('alice');
      const { json } = await gateway.post('/validate/check', { user: 'alice', pass: '1234', data: 'x' });
      const { transactionid } = json.detail;
      const came = async (reply: ReturnType<typeof gateway.post>): Promise<Came> => {
        const { status, json: body } = await reply;
        return { status, isTaken: body.result.value };
      };
      const wrong = () => came(gateway.post('/validate/accept_transaction', { transactionid, signature: 'AAAA' }));
      return { gateway, wrong, right: () => came(phone.answer('ACCEPT')), beyond: 200 };
    },
  },
  {
    title: "a pairing of LinOTP's phone",
    async given(undo) {
      const gateway = await givenLinotpGateway(undo, { settings, mounts: linotpMounts });
      const phone = await gateway.active('alice');
      const pair = async (over: object): Promise<Came> => {
        const { status, json } = await phone.pair(over);
        return { status, isTaken: json.result.status };
      };
      // Another key than that of the bound phone.
      const wrong = () => pair({ seed: Buffer.alloc(32, 7).toString('base64') });
      return { gateway, wrong, right: () => pair({ gda: 'moved' }), beyond: 200 };
    },
  },
  {
    title: 'a poll of a device of the challenge service',
    async given(undo) {
      const relay = await givenRelay(undo, { settings });
      const [keys, others] = [generateKeyPairSync('ed25519'), generateKeyPairSync('ed25519')];
      await relay.put('DEADBEEF', { publicKey: keys.publicKey.export({ type: 'spki', format: 'der' }).toString('base64') });
      const poll = async ({ privateKey }: typeof keys): Promise<Came> => {
        const at = relay.clock();
        const signature = sign(null, signedText({ method: 'GET', gda: 'DEADBEEF', at, body: Buffer.alloc(0) }), privateKey);
        const headers = { 'pushgate-timestamp': String(at), 'pushgate-signature': signature.toString('base64') };
        const { status } = await relay.ask('/v1/devices/DEADBEEF/challenges', { method: 'GET', headers });
        return { status, isTaken: status === 200 };
      };
      return { gateway: relay, wrong: () => poll(others), right: () => poll(keys), beyond: 429 };
    },
  },
  {
    title: 'an API key of an auth server',
    async given(undo) {
      const key = 'vpn-key-0123456789abcdef01234567';
      const authServers = [{ name: 'vpn', networks: ['127.0.0.0/8'], mounts: ['/'], apiKeys: [{ $env: 'KEY' }] }];
      const gateway = await givenGateway(undo, { settings, environment: { KEY: key }, more: { authServers } });
      await gateway.phoneOf('alice');
      const check = async (shown: string): Promise<Came> => {
        const { status } = await gateway.client.post('/validate/check', { user: 'alice', pass: '1234' }, { 'x-api-key': shown });
        return { status, isTaken: status === 200 };
      };
      return { gateway, wrong: () => check('guessed'), right: () => check(key), beyond: 429 };
    },
  },
];

const writes = /^pushgate_store_operation_seconds_count\{.*op="(countUp|changeToken|decide|putDevice|appendAudit)".*\} (\d+)$/;

/** The writes to the store, the refused tries, and the length of the log at the default level. */
async function costOf({ gateway, logged }: Watched) {
  await gateway.settled();
  const lines = (await (await fetch(`${gateway.urls[0]}/metrics`)).text()).split('\n');
  const sum = (form: RegExp): number => lines.reduce((total, line) => total + Number(form.exec(line)?.at(-1) ?? 0), 0);
  return {
    written: sum(writes),
    turnedAway: sum(/^pushgate_ratelimit_rejections_total\{.*\} (\d+)$/),
    lines: logged.filter(({ level }) => level !== 'debug').length,
  };
}

describe('A proof is checked before any limit', function () {
  this.timeout(30_000);
  const undo = cleanup();
  afterEach(() => undo.run());

  for (const { title, given } of provers)
    it(`${title}: past the limit a wrong one only raises a metric, and a right one is accepted`, async () => {
      // given a source that has failed as often as it may
      const { gateway, wrong, right, beyond } = await given(undo);
      for (let times = 0; times < settings.sourceFailures; times += 1) assert.equal((await wrong()).isTaken, false);
      const before = await costOf(gateway);
      // when it continues, at an even faster pace
      const more = await Promise.all(Array.from({ length: 20 }, wrong));
      // then each of them is refused, and nothing is written, neither to the store nor to the log
      assert.deepEqual([...new Set(more.map(({ status }) => status))], [beyond]);
      assert.deepEqual(await costOf(gateway), { ...before, turnedAway: before.turnedAway + 20 });
      // and the right one is taken as ever, from the same address
      assert.equal((await right()).isTaken, true);
    });
});
