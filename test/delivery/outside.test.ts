import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { kit, readOutside } from '../../src/delivery/provider-kit/index.ts';
import { rejectedReasons, unavailableReasons } from '../../src/foundation/model/index.ts';
import { givenHost, givenPush } from './provider-conformance.ts';

/** What an outsider's provider could be; anything may be wrong with it. */
const open = async (opened: () => unknown) => {
  const read = readOutside({ kitVersion: '1.9', kind: 'acme', addresses: ['fcm'], config: kit.z.strictObject({}), open: opened }, []);
  assert.ok(read.ok, JSON.stringify(read));
  return read.value.open({}, givenHost(read.value));
};
const good = {
  deliver: async () => ({ kind: 'sent' }),
  check: async () => ({ ok: true }),
  expires: () => [],
  close: async () => undefined,
};

describe('What an outside plug-in opens', () => {
  const deliverWith = async (outcome: unknown) => {
    const provider = await open(() => ({ ...good, deliver: async () => outcome }));
    return provider.deliver(givenPush(), AbortSignal.timeout(1000));
  };

  it('delivers like any other', async () => {
    assert.deepEqual(await deliverWith({ kind: 'sent' }), { kind: 'sent' });
    const slow = { kind: 'unavailable', reason: 'throttled', retryAfterMs: 7, detail: 'slow' };
    assert.deepEqual(await deliverWith(slow), slow);
  });

  it("may give every reason but the one that is the gateway's own", async () => {
    const outcomes = [
      ...rejectedReasons.map((reason) => ({ kind: 'rejected', reason })),
      ...unavailableReasons.map((reason) => ({ kind: 'unavailable', reason })),
    ];
    for (const outcome of outcomes) {
      const { reason } = await deliverWith(outcome);
      assert.equal(reason, outcome.reason === 'circuit-open' ? 'defect' : outcome.reason);
    }
  });

  it('has its reasons told to operators, every one of them', () => {
    const page = readFileSync('docs/providers.md', 'utf8');
    for (const [kind, reasons] of Object.entries({ rejected: rejectedReasons, unavailable: unavailableReasons }))
      for (const reason of reasons) assert.match(page, new RegExp(`^\\| \`${kind} .*\\b${reason}\`.*\\|`, 'm'));
  });

  for (const outcome of [
    undefined,
    null,
    'sent',
    {},
    { kind: 'ok' },
    { kind: 'rejected' },
    { kind: 'sent', reason: 'x' },
    { kind: 'toString' },
  ]) {
    it(`is at fault when its outcome is ${JSON.stringify(outcome)}`, async () => {
      const { kind, reason } = await deliverWith(outcome);
      assert.deepEqual([kind, reason], ['unavailable', 'defect']);
    });
  }

  it('is refused where a part of it is missing', async () => {
    const { close: _, ...rest } = good;
    await assert.rejects(
      open(() => rest),
      /acme opened a provider without close\./,
    );
    await assert.rejects(
      open(() => undefined),
      /without deliver, check, expires, close\./,
    );
    await assert.rejects(
      open(() => ({ ...good, expires: () => undefined })),
      /acme opened a provider whose expires\(\) returns no list\./,
    );
  });

  it('is refused with its own words where it fails, as a fault of the configuration', async () => {
    const fail = (error: unknown) =>
      open(() => {
        throw error;
      });
    await assert.rejects(fail(new TypeError('x is undefined')), {
      code: 'config-invalid',
      message: /acme could not open a provider \(x is undefined\)/,
    });
    await assert.rejects(fail(new kit.GatewayFault('config-invalid', 'Put a key there.')), { message: 'Put a key there.' });
  });

  it('is asked as the object that it is', async () => {
    class Opened {
      days = 3;
      deliver = good.deliver;
      check = good.check;
      close = good.close;
      expires() {
        return [{ kind: 'key', what: 'its own', at: this.days }];
      }
    }
    const provider = await open(() => new Opened());
    assert.equal(provider.expires()[0]?.at, 3);
  });
});
