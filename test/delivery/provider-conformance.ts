import assert from 'node:assert/strict';
import type { DeliveryOutcome, OpenProvider, ProviderDefinition, ProviderHost, Push } from '../../src/delivery/provider-kit/index.ts';
import { openRemoteClock } from '../../src/delivery/registry/remote-clock.ts';
import { openLog } from '../../src/foundation/telemetry/index.ts';
import { type FarSide, farSide, type SidePaths } from '../kit/far-side.ts';
import { type Cleanup, cleanup } from '../kit/temporary.ts';

/** A push that any provider can be given. */
export const givenPush = (over: Partial<Push> = {}): Push => ({
  transactionId: '00100000000000000001',
  handle: 'ABCDEFGHIJKLMNOPQRSTUVWXYZ234567',
  phone: 'pipush',
  payload: '{"nonce":"ABCDEFGHIJKLMNOPQRSTUVWXYZ234567","title":"ACME","question":"Log in?","serial":"PIPU1"}',
  expiresAt: Date.now() + 120_000,
  budgetMs: 5000,
  ...over,
});

/** What the registry opens a provider of this definition with. */
export const givenHost = (
  { idempotent = false }: Pick<ProviderDefinition, 'idempotent'>,
  over: Partial<ProviderHost> = {},
): ProviderHost => ({
  ...openRemoteClock(over.clock ?? Date.now, idempotent),
  path: (file) => file,
  clock: Date.now,
  log: openLog('silent'),
  ...over,
});

type Reply = { status: number; body?: string; headers?: Record<string, string> };

/** How one provider is tried: it is opened against a far side, with the replies that its own protocol has for each meaning. */
export type ProviderFixture = {
  open(far: FarSide, undo: Cleanup): OpenProvider | Promise<OpenProvider>;
  /** A push with an address that the provider serves. */
  push: Push;
  ok: Reply;
  /** Absent where the protocol cannot say so. */
  deadAddress?: Reply;
  ourFault: Reply;
  throttled: Reply;
  serverFault: Reply;
  /** A good status with a body that the protocol does not know; absent where bodies do not count. */
  garbage?: Reply;
  /** What else the far side answers, such as the request for an access token; it counts in no case. */
  sidePaths?: SidePaths;
  /** The provider speaks HTTP/2. */
  http2?: boolean;
  /** The outcome of a reply that the provider cannot trust the sender of. */
  openUntrusting?(far: FarSide, undo: Cleanup): OpenProvider | Promise<OpenProvider>;
};

/** What every provider that speaks to a far side must do, whatever that does. */
export function providerConformance(name: string, fixture: ProviderFixture): void {
  describe(`${name} as a provider`, () => {
    const undo = cleanup();
    afterEach(() => undo.run());

    const given = async (open = fixture.open) => {
      const far = await farSide(undo, fixture.sidePaths ? { sidePaths: fixture.sidePaths } : {});
      const provider = await open(far, undo);
      undo.later(() => provider.close());
      const deliver = (signal = AbortSignal.timeout(5000), push = fixture.push) => provider.deliver(push, signal);
      return { far, provider, deliver };
    };
    const outcomeOf = async (reply: Reply, more: Reply = reply): Promise<DeliveryOutcome> => {
      const { far, deliver } = await given();
      far.behave({ kind: 'reply', ...reply }, { kind: 'reply', ...more });
      return deliver();
    };

    it('says sent when the far side took it, and asks once', async () => {
      const { far, deliver } = await given();
      far.behave({ kind: 'reply', ...fixture.ok });
      assert.equal((await deliver()).kind, 'sent');
      assert.equal((await deliver()).kind, 'sent');
      assert.equal(far.requests.filter(({ method }) => method === 'POST').length, 2);
    });

    const { deadAddress, garbage, openUntrusting } = fixture;
    if (deadAddress) {
      it('tells a dead address', async () => {
        const outcome = await outcomeOf(deadAddress);
        assert.deepEqual([outcome.kind, outcome.reason], ['rejected', 'dead-address']);
      });
    }

    it('tells a fault of ours, which is no dead address', async () => {
      const outcome = await outcomeOf(fixture.ourFault);
      assert.equal(outcome.kind, 'rejected');
      assert.notEqual(outcome.reason, 'dead-address');
    });

    it('is throttled with a wait in seconds and as a date', async () => {
      const inSeconds = await outcomeOf({ ...fixture.throttled, headers: { 'retry-after': '7' } });
      assert.deepEqual(
        [inSeconds.kind, inSeconds.reason, 'retryAfterMs' in inSeconds && inSeconds.retryAfterMs],
        ['unavailable', 'throttled', 7000],
      );
      const byDate = await outcomeOf({ ...fixture.throttled, headers: { 'retry-after': new Date(Date.now() + 60_000).toUTCString() } });
      const wait = 'retryAfterMs' in byDate ? (byDate.retryAfterMs ?? 0) : 0;
      assert.ok(wait > 50_000 && wait <= 60_000, String(wait));
    });

    it('is unavailable when the far side is broken, and does not ask again', async () => {
      const { far, deliver } = await given();
      far.behave({ kind: 'reply', ...fixture.serverFault });
      const outcome = await deliver();
      assert.deepEqual([outcome.kind, outcome.reason], ['unavailable', 'server']);
      assert.equal(far.requests.filter(({ method }) => method === 'POST').length, 1);
    });

    /** Delivers, and lets the signal fire for this reason as soon as the far side has the push. */
    const firing = async ({ far, deliver }: Awaited<ReturnType<typeof given>>, reason?: unknown): Promise<DeliveryOutcome> => {
      const controller = new AbortController();
      const outcome = deliver(controller.signal);
      while (far.requests.length === 0) await new Promise((resolve) => setImmediate(resolve));
      controller.abort(reason);
      return outcome;
    };

    for (const kind of ['hang', 'hang-after-headers', 'drip'] as const) {
      it(`ends with its deadline when the far side does ${kind.replaceAll('-', ' ')}, and lets it see the cancel`, async () => {
        const tried = await given();
        tried.far.behave({ kind });
        const outcome = await firing(tried, new DOMException('the deadline has come', 'TimeoutError'));
        assert.deepEqual([outcome.kind, outcome.reason], ['unavailable', 'timeout']);
        await tried.far.cancelled;
      });
    }

    it('is unavailable when nobody knows the name of the far side', async () => {
      const { deliver } = await given((far, later) => fixture.open({ ...far, url: far.url.replace('localhost', 'nobody.invalid') }, later));
      const outcome = await deliver();
      assert.deepEqual([outcome.kind, outcome.reason], ['unavailable', 'connection']);
    });

    it('is given up at once when the login is, and lets the far side see it', async () => {
      const tried = await given();
      tried.far.behave({ kind: 'hang' });
      const outcome = await firing(tried);
      assert.deepEqual([outcome.kind, outcome.reason], ['unavailable', 'aborted']);
      await tried.far.cancelled;
    });

    it('gives a push whose connection was cut a second chance, on a fresh one', async () => {
      const { far, deliver } = await given();
      far.behave({ kind: 'reply', ...fixture.ok }, { kind: 'reset' }, { kind: 'reply', ...fixture.ok });
      assert.equal((await deliver()).kind, 'sent');
      assert.equal((await deliver()).kind, 'sent');
      const [, lost, again] = far.requests.filter(({ method }) => method === 'POST');
      assert.deepEqual([again?.path, again?.headers, again?.bytes], [lost?.path, lost?.headers, lost?.bytes]);
    });

    it('is unavailable when the connection is reset twice', async () => {
      const { far, deliver } = await given();
      far.behave({ kind: 'reset' });
      const outcome = await deliver();
      assert.deepEqual([outcome.kind, outcome.reason], ['unavailable', 'connection']);
      assert.equal(far.requests.filter(({ method }) => method === 'POST').length, 2);
    });

    if (garbage) {
      it('does not take garbage for a good reply', async () => {
        const outcome = await outcomeOf(garbage);
        assert.deepEqual([outcome.kind, outcome.reason], ['unavailable', 'garbage']);
      });
    }

    if (fixture.http2) {
      it('sends again what GOAWAY says was never looked at', async () => {
        const { far, deliver } = await given();
        far.behave({ kind: 'reply', ...fixture.ok }, { kind: 'goaway' }, { kind: 'reply', ...fixture.ok });
        assert.equal((await deliver()).kind, 'sent');
        assert.equal((await deliver()).kind, 'sent');
      });
    }

    if (openUntrusting) {
      it('trusts nobody whose certificate it does not know', async () => {
        const { deliver } = await given(openUntrusting);
        const outcome = await deliver();
        assert.deepEqual([outcome.kind, outcome.reason], ['unavailable', 'tls']);
      });
    }

    it('names neither address nor payload in what it says to operators', async () => {
      for (const reply of [fixture.ourFault, fixture.serverFault, deadAddress ?? fixture.ourFault]) {
        const said = JSON.stringify(await outcomeOf(reply));
        assert.ok(!said.includes(fixture.push.address?.value ?? 'none') && !said.includes(fixture.push.handle), said);
      }
    });

    it('may be closed twice', async () => {
      const { provider } = await given();
      await provider.close();
      await provider.close();
    });
  });
}
