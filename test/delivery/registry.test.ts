import assert from 'node:assert/strict';
import { mock } from 'node:test';
import { z } from 'zod';
import { loadKinds } from '../../providers/catalog.ts';
import {
  type AddressKind,
  type CheckResult,
  type DeliveryOutcome,
  defineProvider,
  type Push,
} from '../../src/delivery/provider-kit/index.ts';
import { exposeProviders, guardDefaults, openRegistry, type ProviderEntry, providerConfig } from '../../src/delivery/registry/index.ts';
import type { DeviceAddress } from '../../src/foundation/model/index.ts';
import { openLog, openMetrics } from '../../src/foundation/telemetry/index.ts';
import { someOutages } from '../kit/outages.ts';
import { cleanup } from '../kit/temporary.ts';

const catalog = await loadKinds();

type Behaviour = (push: Push, signal: AbortSignal) => Promise<DeliveryOutcome>;
type Given = {
  does: Behaviour;
  check?: () => Promise<CheckResult>;
  serves?: AddressKind[];
  serverPerAddress?: boolean;
  addressesAtOnce?: boolean;
};

const fcmOnly: AddressKind[] = ['fcm'];
const sent: Behaviour = async () => ({ kind: 'sent' });
const unavailable: Behaviour = async () => ({ kind: 'unavailable', reason: 'server' });
const rejected: Behaviour = async () => ({ kind: 'rejected', reason: 'dead-address' });
const address = (kind: DeviceAddress['kind'], value: string, over: Partial<DeviceAddress> = {}): DeviceAddress => ({
  kind,
  value,
  since: 1,
  ...over,
});

describe('The registry of providers', () => {
  const undo = cleanup();
  afterEach(() => undo.run());

  /** A registry whose providers behave as the test says; `seen` is what they were given. */
  const given = async (behaviours: Record<string, Given>) => {
    const seen: string[] = [];
    const checks: CheckResult[] = [];
    const lastCheck = async (): Promise<CheckResult> => checks.at(-1) ?? { ok: true };
    const definitions = Object.entries(behaviours).map(
      ([kind, { does, check = lastCheck, serves = fcmOnly, serverPerAddress = false, addressesAtOnce = false }]) =>
        defineProvider({
          kind,
          addresses: serves,
          serverPerAddress,
          addressesAtOnce,
          config: z.strictObject({}),
          open: () => ({
            deliver: (push, signal) => {
              seen.push(`${kind} ${(push.addresses ?? [push.address]).map((each) => each?.value ?? '-').join('+')}`);
              return does(push, signal);
            },
            check,
            expires: () => [],
            close: async () => void seen.push(`${kind} closed`),
          }),
        }),
    );
    const all = [...definitions, ...catalog];
    const providers = definitions.map(
      ({ kind }): ProviderEntry => ({ ...guardDefaults, breakerFailures: 2, name: kind, kind, default: false, config: {} }),
    );
    const metrics = openMetrics('test');
    const logged: string[] = [];
    const log = openLog('info', { write: (line: string) => void logged.push(line) });
    const registry = await openRegistry({ providers, catalog: all, folder: '/', log, metrics, clock: Date.now, mayFail: () => false });
    undo.later(() => registry.close());
    const deliver = (names: string[], addresses: DeviceAddress[] = [address('fcm', 'a')], deadlineMs = 5000, hedge = {}) =>
      registry.deliver(
        { providers: names, deadlineMs, ...hedge },
        { transactionId: '1', handle: 'N', phone: 'pipush', payload: '{}', addresses, expiresAt: 1 },
      );
    const tried = async (...args: Parameters<typeof deliver>) =>
      (await deliver(...args)).attempts.map(({ provider, outcome, reason }) => [provider, outcome, reason].filter(Boolean).join(' '));
    return { registry, seen, deliver, tried, metrics, logged, checks };
  };

  it('ends with the first provider that takes the push', async () => {
    const { tried, seen } = await given({ one: { does: sent }, two: { does: sent } });
    assert.deepEqual(await tried(['one', 'two']), ['one sent']);
    assert.deepEqual(seen, ['one a']);
  });

  it('goes on to the next provider when one is unavailable', async () => {
    const { deliver } = await given({ one: { does: unavailable }, two: { does: sent } });
    const { outcome, attempts } = await deliver(['one', 'two']);
    assert.equal(outcome.kind, 'sent');
    assert.deepEqual(
      attempts.map(({ provider }) => provider),
      ['one', 'two'],
    );
  });

  it('tries no further address of a kind that a provider rejected, but another provider', async () => {
    const { tried } = await given({ one: { does: rejected, serves: ['fcm', 'apns'] }, two: { does: sent } });
    const addresses = [address('fcm', 'a'), address('fcm', 'b'), address('apns', 'c')];
    assert.deepEqual(await tried(['one', 'two'], addresses), [
      'one rejected dead-address',
      'one skipped rejected-before',
      'one rejected dead-address',
      'two sent',
    ]);
  });

  it('hands a provider that takes all addresses at once one push, whatever comes of it', async () => {
    const { tried, seen } = await given({
      one: { does: unavailable, serves: ['fcm', 'apns'], addressesAtOnce: true },
      two: { does: sent },
    });
    const addresses = [address('fcm', 'dead', { deadSince: 2 }), address('fcm', 'a'), address('apns', 'b'), address('gda', 'c')];
    assert.deepEqual(await tried(['one', 'two'], addresses), ['one unavailable server', 'two sent']);
    assert.deepEqual(seen, ['one a+b', 'two a']);
  });

  it('begins no further step once it may not', async () => {
    let mayBegin = true;
    const fails: Behaviour = async (...args) => {
      mayBegin = false;
      return unavailable(...args);
    };
    const { deliver, seen } = await given({ one: { does: fails }, two: { does: sent } });
    const { outcome } = await deliver(['one', 'two'], [address('fcm', 'a')], 5000, { mayBegin: () => mayBegin });
    assert.deepEqual([outcome.kind, seen], ['unavailable', ['one a']]);
  });

  it('skips a provider that serves no living address of the token', async () => {
    const { tried } = await given({ one: { does: sent, serves: ['gda'] }, two: { does: sent } });
    assert.deepEqual(await tried(['one', 'two'], [address('fcm', 'dead', { deadSince: 2 }), address('fcm', 'a')]), [
      'one skipped no-address',
      'two sent',
    ]);
    assert.deepEqual(await tried(['one'], []), ['one skipped no-address']);
  });

  it('lets a phone poll, with and without a provider of that kind in the file', async () => {
    const { deliver } = await given({ one: { does: unavailable } });
    assert.deepEqual((await deliver(['one', 'poll only'])).outcome, { kind: 'sent', reason: 'poll' });
  });

  it('ends at its deadline, whatever a provider does', async () => {
    const hangs: Behaviour = () => new Promise(() => undefined);
    const { deliver } = await given({ one: { does: hangs }, two: { does: hangs } });
    const { outcome, attempts } = await deliver(['one', 'two'], [address('fcm', 'a')], 30);
    assert.deepEqual(outcome, { kind: 'unavailable', reason: 'timeout' });
    assert.deepEqual(
      attempts.map(({ provider, reason }) => `${provider} ${reason}`),
      ['one timeout', 'two timeout'],
    );
  });

  it('leaves time for the next provider when the first one hangs', async () => {
    const { deliver } = await given({ hangs: { does: () => new Promise(() => undefined) }, two: { does: sent } });
    const { outcome, attempts } = await deliver(['hangs', 'two'], [address('fcm', 'a')], 100);
    assert.equal(outcome.kind, 'sent');
    assert.deepEqual(
      attempts.map(({ provider, reason }) => `${provider} ${reason}`.trim()),
      ['hangs timeout', 'two'],
    );
  });

  it('leaves a provider alone that refuses our credentials, but not one whose phones are gone', async () => {
    const refuses: Behaviour = async () => ({ kind: 'rejected', reason: 'credentials' });
    const { tried, registry } = await given({ locked: { does: refuses }, gone: { does: rejected } });
    for (let time = 0; time < 2; time += 1) await tried(['locked', 'gone']);
    assert.deepEqual(
      registry.status().map(({ name, circuit, lastError }) => [name, circuit, lastError?.reason]),
      [
        ['locked', 'open', 'credentials'],
        ['gone', 'closed', undefined],
      ],
    );
  });

  it('gives a slow provider company where it is told to, and lets the loser see that it is over', async () => {
    // given a provider that waits for its signal, and a quick one
    let wasCancelled = false;
    const waits: Behaviour = (_push, signal) =>
      new Promise((resolve) =>
        signal.addEventListener('abort', () => {
          wasCancelled = true;
          resolve({ kind: 'unavailable', reason: 'aborted' });
        }),
      );
    const { deliver, registry } = await given({ slow: { does: waits }, quick: { does: sent } });
    // when the plan hedges
    const { outcome, attempts } = await deliver(['slow', 'quick'], [address('fcm', 'a')], 5000, { hedgeMs: 20 });
    // then the quick one decides, both are in the trail, and the slow one is not called ill
    assert.equal(outcome.kind, 'sent');
    assert.deepEqual(
      attempts.map(({ provider, reason }) => `${provider} ${reason}`.trim()),
      ['quick', 'slow aborted'],
    );
    assert.ok(wasCancelled);
    assert.equal(registry.status()[0]?.circuit, 'closed');
  });

  it('leaves a provider alone that failed too often, tries it again after a while, and then takes it back', async () => {
    // given a provider that fails, and a clock for its breaker
    mock.timers.enable({ apis: ['Date'], now: 1_000_000 });
    undo.later(() => mock.timers.reset());
    let behaviour = unavailable;
    const { tried, registry, seen } = await given({ one: { does: (...args) => behaviour(...args) }, two: { does: sent } });
    await tried(['one', 'two']);
    await tried(['one', 'two']);
    // when its breaker is open, then it is not asked, and nobody waits
    seen.length = 0;
    assert.deepEqual(await tried(['one', 'two']), ['one unavailable circuit-open', 'two sent']);
    assert.deepEqual(seen, ['two a']);
    assert.deepEqual(
      registry.status().map(({ name, circuit }) => `${name} ${circuit}`),
      ['one open', 'two closed'],
    );
    assert.equal(registry.status()[0]?.lastError?.reason, 'server');
    // and after a while one push tries it again
    mock.timers.tick(guardDefaults.breakerOpenMs + 1);
    behaviour = sent;
    assert.deepEqual(await tried(['one', 'two']), ['one sent']);
    assert.equal(registry.status()[0]?.circuit, 'closed');
  });

  it('lets one address with an ill server of its own cut nobody else off', async () => {
    // given a provider whose addresses name their servers, one of which hangs
    const behaviour: Behaviour = ({ address: to }) =>
      to?.value === 'ill' ? new Promise(() => undefined) : Promise.resolve({ kind: 'sent' });
    const { tried } = await given({ one: { does: behaviour, serverPerAddress: true } });
    // when it was tried too often
    for (const _ of [1, 2, 3]) assert.deepEqual(await tried(['one'], [address('fcm', 'ill')], 10), ['one unavailable timeout']);
    // then another address is served all the same
    assert.deepEqual(await tried(['one'], [address('fcm', 'well')]), ['one sent']);
  });

  it('tries those with an open breaker when nothing else is left, the one that failed longest ago first', async () => {
    const { tried, seen } = await given({ one: { does: unavailable }, two: { does: unavailable }, ill: { does: unavailable } });
    await tried(['one']);
    await tried(['one']);
    await tried(['two']);
    await tried(['two']);
    seen.length = 0;
    assert.deepEqual(await tried(['one', 'two']), [
      'one unavailable circuit-open',
      'two unavailable circuit-open',
      'one unavailable server',
      'two unavailable server',
    ]);
    assert.deepEqual(seen, ['one a', 'two a']);
    // also after a provider that was tried in vain
    assert.deepEqual((await tried(['one', 'ill'])).slice(1), ['ill unavailable server', 'one unavailable server']);
  });

  describe('whose breaker is open', () => {
    /** A provider that failed too often just now; `behaves` changes what it does. */
    const givenOpen = async () => {
      mock.timers.enable({ apis: ['Date'], now: 1_000_000 });
      undo.later(() => mock.timers.reset());
      let behaviour = unavailable;
      const over = await given({ one: { does: (...args) => behaviour(...args) } });
      exposeProviders(over.metrics, over.registry.status, Date.now);
      for (const _ of [1, 2]) await over.tried(['one']);
      const circuit = (): string | undefined => over.registry.status()[0]?.circuit;
      const shown = async () => /pushgate_provider_circuit_state\{provider="one"\} (\d)/.exec(await over.metrics.text())?.[1];
      assert.deepEqual([circuit(), await shown()], ['open', '2']);
      return {
        ...over,
        circuit,
        shown,
        behaves: (next: Behaviour) => {
          behaviour = next;
        },
      };
    };

    it('shows it as half open when its time is over, though nobody sends a push', async () => {
      const { circuit, shown } = await givenOpen();
      mock.timers.tick(guardDefaults.breakerOpenMs - 1);
      assert.deepEqual([circuit(), await shown()], ['open', '2']);
      mock.timers.tick(1);
      assert.deepEqual([circuit(), await shown()], ['half-open', '1']);
    });

    it('shows it as open anew when the push that tries it fails', async () => {
      const { circuit, tried } = await givenOpen();
      mock.timers.tick(guardDefaults.breakerOpenMs);
      assert.deepEqual(await tried(['one']), ['one unavailable server']);
      assert.equal(circuit(), 'open');
      mock.timers.tick(guardDefaults.breakerOpenMs);
      assert.equal(circuit(), 'half-open');
    });

    it('keeps it open when the push that tries it is given up, since another step was quicker', async () => {
      const { circuit, deliver, behaves } = await givenOpen();
      mock.timers.tick(guardDefaults.breakerOpenMs);
      behaves(() => new Promise(() => undefined));
      const { attempts } = await deliver(['one', 'poll only'], [address('fcm', 'a')], 5000, { hedgeMs: 10 });
      assert.deepEqual(
        attempts.map(({ provider, reason }) => `${provider} ${reason}`),
        ['poll only poll', 'one aborted'],
      );
      assert.equal(circuit(), 'open');
    });

    it('takes it back at once when its check succeeds, and not when that fails', async () => {
      const { circuit, tried, behaves, registry, checks } = await givenOpen();
      checks.push({ ok: false, problem: 'no' });
      await registry.check('one', AbortSignal.timeout(1000));
      assert.equal(circuit(), 'open');
      checks.push({ ok: true });
      await registry.check('one', AbortSignal.timeout(1000));
      assert.equal(circuit(), 'closed');
      behaves(sent);
      assert.deepEqual(await tried(['one']), ['one sent']);
    });

    it('takes it back at a reset without asking it, and ends what is under way on the old one', async () => {
      // given a push that went there for want of another one, and hangs
      const { circuit, tried, behaves, registry, seen } = await givenOpen();
      const [begun, answer] = [Promise.withResolvers<void>(), Promise.withResolvers<DeliveryOutcome>()];
      behaves(() => {
        begun.resolve();
        return answer.promise;
      });
      const hanging = tried(['one']);
      await begun.promise;
      seen.length = 0;
      // when the provider is reset
      assert.deepEqual(await registry.reset('one'), { ok: true });
      // then the next push goes there, and nothing is left of its errors
      assert.deepEqual([circuit(), registry.status()[0]?.lastError], ['closed', undefined]);
      behaves(sent);
      assert.deepEqual([await tried(['one']), seen], [['one sent'], ['one a']]);
      // and the old one is closed when its push has ended
      answer.resolve({ kind: 'sent' });
      assert.deepEqual(await hanging, ['one unavailable circuit-open', 'one sent']);
      await registry.close();
      assert.deepEqual(seen, ['one a', 'one closed', 'one closed']);
      assert.equal(await registry.reset('two'), undefined);
    });

    it('takes it back when a push gets through that went there for want of another one', async () => {
      const { circuit, tried, behaves } = await givenOpen();
      behaves(sent);
      assert.deepEqual(await tried(['one']), ['one unavailable circuit-open', 'one sent']);
      assert.equal(circuit(), 'closed');
    });
  });

  it('says which addresses are dead', async () => {
    const { deliver } = await given({ one: { does: rejected } });
    const { deadAddresses } = await deliver(['one'], [address('fcm', 'a')]);
    assert.deepEqual(deadAddresses, [address('fcm', 'a')]);
  });

  it('shows a provider the deadline', async () => {
    const waits: Behaviour = (_push, signal) =>
      new Promise((resolve) => signal.addEventListener('abort', () => resolve({ kind: 'unavailable', reason: 'aborted' })));
    const { deliver } = await given({ waits: { does: waits } });
    assert.equal((await deliver(['waits'], [address('fcm', 'a')], 20)).outcome.kind, 'unavailable');
  });

  it('takes a provider that throws for unavailable, logs it, and goes on', async () => {
    const { tried, logged } = await given({
      broken: {
        does: () => {
          throw new Error('a defect');
        },
      },
      two: { does: sent },
    });
    assert.deepEqual(await tried(['broken', 'two']), ['broken unavailable defect', 'two sent']);
    assert.match(logged.join(), /a defect/);
  });

  it('counts attempts by provider, outcome and reason', async () => {
    const { deliver, metrics, registry } = await given({ one: { does: unavailable }, two: { does: sent } });
    await deliver(['one', 'two']);
    exposeProviders(metrics, registry.status, Date.now);
    const text = await metrics.text();
    assert.match(text, /pushgate_push_failovers_total\{from="one",to="two",reason="server"\} 1/);
    assert.match(text, /pushgate_provider_circuit_state\{provider="one"\} 0/);
    assert.match(text, /pushgate_push_attempts_total\{provider="one",outcome="unavailable",reason="server"\} 1/);
    assert.match(text, /pushgate_push_attempts_total\{provider="two",outcome="sent",reason=""\} 1/);
  });

  it('counts a second address at the same provider as an attempt, and as no fail-over', async () => {
    const onlyTo: Behaviour = async ({ address: to }) => (to?.value === 'a' ? { kind: 'unavailable', reason: 'server' } : { kind: 'sent' });
    const { deliver, metrics } = await given({ one: { does: onlyTo } });
    await deliver(['one'], [address('fcm', 'a'), address('fcm', 'b')]);
    const text = await metrics.text();
    assert.match(text, /pushgate_push_attempts_total\{provider="one",outcome="unavailable",reason="server"\} 1/);
    assert.match(text, /pushgate_push_attempts_total\{provider="one",outcome="sent",reason=""\} 1/);
    assert.doesNotMatch(text, /pushgate_push_failovers_total\{/);
  });

  it('closes every provider', async () => {
    const { registry, seen } = await given({ one: { does: sent } });
    await registry.close();
    assert.deepEqual(seen, ['one closed']);
  });

  it('refuses kinds that are not in its catalog, and names those that are', () => {
    const { error } = providerConfig(catalog).safeParse({ name: 'x', kind: 'pigeon', config: {} });
    assert.match(error?.issues[0]?.message ?? '', /poll-only/);
  });

  it('takes what the wire does for an outage where a provider throws it, and anything else for a defect', async () => {
    for (const { title, error, means } of someOutages) {
      const { tried, logged } = await given({ one: { does: () => Promise.reject(error) }, two: { does: sent } });
      assert.deepEqual([await tried(['one', 'two']), logged], [[`one unavailable ${means}`, 'two sent'], []], title);
    }
    const { tried, logged } = await given({ one: { does: () => Promise.reject(new TypeError('oops')) } });
    assert.deepEqual([await tried(['one']), logged.length], [['one unavailable defect'], 1]);
  });

  it('ends a check with its time, and tells what was thrown as a problem', async () => {
    const problemOf = async (check: () => Promise<CheckResult>, signal = new AbortController().signal): Promise<string> => {
      const { registry } = await given({ one: { does: sent, check } });
      const result = await registry.check('one', signal);
      return result && !result.ok ? result.problem : 'none';
    };
    const lasting = () => new Promise<CheckResult>(() => undefined);
    assert.match(await problemOf(lasting, AbortSignal.abort()), /did not answer in time/);
    for (const { title, error, means } of someOutages)
      assert.match(await problemOf(() => Promise.reject(error)), new RegExp(`cannot be reached \\(${means}\\)`), title);
    assert.match(await problemOf(() => Promise.reject(new TypeError('oops'))), /a defect of the provider/);
    assert.equal(await problemOf(async () => ({ ok: false, problem: 'its own words' }), AbortSignal.abort()), 'its own words');
  });
});
