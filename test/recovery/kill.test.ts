import assert from 'node:assert/strict';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { configText } from '../kit/gateway.ts';
import { type GatewayProcess, gatewayProcess } from '../kit/gateway-process.ts';
import { type PiClient, piClient } from '../kit/pi-client.ts';
import { type PiPhone, piPhone } from '../kit/pi-phone.ts';
import { freePort } from '../kit/ports.ts';
import { cleanup, temporaryFolder } from '../kit/temporary.ts';

/** How often it is killed: `npm run stress` does it 20 times. */
const rounds = Number(process.env.PUSHGATE_KILLS ?? 4);
const workers = 4;

/** What the gateway acknowledged: only what a reply said counts. */
type Ledger = {
  rollouts: { phone: PiPhone; publicKey: string }[];
  /** Transactions whose phone was told that its yes was taken. */
  answered: Map<string, string>;
  /** How often a transaction was handed out as accepted. */
  accepts: Map<string, number>;
  /** Told of every acknowledgement: the moment of the kill is counted in these, not in time. */
  acknowledged(): void;
  /** Transactions whose finish was under way when the process died: it may have been taken, or not. */
  unsure: Set<string>;
};

describe('A gateway that is killed', function () {
  this.timeout(180_000);
  const undo = cleanup();
  afterEach(() => undo.run());

  it(`${rounds} times under load finds every acknowledged rollout, answer and finish again, and none twice`, async () => {
    // given a gateway process on an embedded store, and users with phones
    const folder = temporaryFolder(undo);
    const port = await freePort();
    const file = join(folder, 'config.json');
    writeFileSync(
      file,
      configText(
        { settings: { serverKeyStock: 8, logLevel: 'error', PushChallengeValidityTime: 600, adminTokenLifeMs: 3_600_000 } },
        `127.0.0.1:${port}`,
      ),
    );
    const client = piClient(`http://127.0.0.1:${port}`);
    const ledger: Ledger = { rollouts: [], answered: new Map(), accepts: new Map(), unsure: new Set(), acknowledged: () => undefined };
    let gateway: GatewayProcess = await gatewayProcess(file);
    undo.later(() => gateway.end('SIGKILL'));
    const password = /Password:\s+(\S+)/.exec(gateway.output().out)?.[1] ?? '';
    const admin = await client.login('admin', password);
    for (let round = 0; round < rounds; round += 1) {
      // when it is killed after some acknowledgements, with other requests under way, and started again
      const enough = countTo(1 + 5 * (round % 4), ledger);
      const load = Array.from({ length: workers }, (_, worker) => work(client, admin, ledger, `user${round}-${worker}`));
      await Promise.race([enough, Promise.all(load)]);
      await gateway.end('SIGKILL');
      await Promise.all(load);
      gateway = await gatewayProcess(file);
      // then all that was acknowledged is there
      await checkRollouts(ledger.rollouts.splice(0));
      await checkAnswers(client, ledger);
    }
    assert.ok(ledger.accepts.size > rounds, `only ${ledger.accepts.size} logins were finished in all`);
    assert.deepEqual(
      [...ledger.accepts.values()].filter((count) => count !== 1),
      [],
      'no login was handed out twice',
    );
    assert.equal(await gateway.end('SIGTERM'), 0);
  });
});

/** Resolves with the acknowledgement of this number from now on. */
function countTo(wanted: number, ledger: Ledger): Promise<void> {
  let count = 0;
  return new Promise((resolve) => {
    ledger.acknowledged = () => {
      count += 1;
      if (count === wanted) resolve();
    };
  });
}

/** Enrols a phone, then logs in again and again, until the process is gone. */
async function work(client: PiClient, admin: Record<string, string>, ledger: Ledger, user: string): Promise<void> {
  let finishing: string | undefined;
  try {
    const { body } = await client.post('/token/init', { type: 'push', genkey: '1', user, pin: '1234' }, admin);
    const phone = piPhone(client, { serial: body.detail.serial, credential: body.detail.enrollment_credential });
    const done = await phone.rollout();
    ledger.rollouts.push({ phone, publicKey: done.body.detail.public_key });
    ledger.acknowledged();
    for (;;) {
      const started = await client.post('/validate/check', { user, pass: '1234' });
      const id: string = started.body.detail.transaction_id;
      const [shown] = (await phone.poll()).body.result.value;
      const answer = await phone.answer(shown.nonce);
      assert.equal(answer.body.result.value, true);
      ledger.answered.set(id, user);
      ledger.acknowledged();
      finishing = id;
      await finish(client, ledger, id, user);
      finishing = undefined;
    }
  } catch (error) {
    if (error instanceof assert.AssertionError) throw error;
    // The process is gone: what was not acknowledged promises nothing.
    if (finishing !== undefined) ledger.unsure.add(finishing);
  }
}

async function finish(client: PiClient, ledger: Ledger, id: string, user: string): Promise<boolean> {
  const { body } = await client.post('/validate/check', { user, pass: '', transaction_id: id });
  if (body.result.authentication !== 'ACCEPT') return false;
  ledger.accepts.set(id, (ledger.accepts.get(id) ?? 0) + 1);
  ledger.acknowledged();
  return true;
}

/** A phone that repeats its rollout gets the key that it was told before. */
async function checkRollouts(rollouts: Ledger['rollouts']): Promise<void> {
  for (const { phone, publicKey } of rollouts) {
    const again = await phone.rollout();
    assert.equal(again.body.detail?.public_key, publicKey, again.text);
  }
}

/** What was answered can be finished exactly once: now, or it was before. */
async function checkAnswers(client: PiClient, ledger: Ledger): Promise<void> {
  for (const [id, user] of ledger.answered) {
    const before = ledger.accepts.get(id) ?? 0;
    const now = await finish(client, ledger, id, user);
    if (before === 1) assert.equal(now, false, 'a finished login was handed out again');
    else if (!ledger.unsure.has(id)) assert.equal(now, true, 'an acknowledged answer is gone');
    assert.equal(await finish(client, ledger, id, user), false, 'a second finish is refused');
    if (!ledger.accepts.has(id)) ledger.accepts.set(id, 1);
  }
  ledger.answered.clear();
}
