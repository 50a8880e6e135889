import assert from 'node:assert/strict';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { loadKinds } from '../../providers/catalog.ts';
import { exposeProviders, openRegistry, providerConfig } from '../../src/delivery/registry/index.ts';
import { openLog, openMetrics } from '../../src/foundation/telemetry/index.ts';
import { fakeClock, seconds } from '../kit/clock.ts';
import { farSide } from '../kit/far-side.ts';
import { cleanup, temporaryFolder } from '../kit/temporary.ts';
import { samplesOf } from '../repository/prom-text.ts';

const catalog = await loadKinds();

describe('The metrics of a provider', () => {
  const undo = cleanup();
  afterEach(() => undo.run());

  /** A challenge service of two URLs, and what is shown of it. */
  const given = async () => {
    const [one, two] = [await farSide(undo), await farSide(undo)];
    const folder = temporaryFolder(undo);
    writeFileSync(join(folder, 'ca.pem'), one.ca);
    const withSecrets = ({ url }: { url: string }): string => `${url.replace('://', '://alice:s3cret@')}/hook/s3cret?key=s3cret`;
    const config = { push_url: [one, two].map(withSecrets), server_certificate: 'ca.pem' };
    const entry = providerConfig(catalog).parse({ name: 'cs', kind: 'challenge-service', config });
    const metrics = openMetrics('test');
    const clock = fakeClock(Date.now());
    const registry = await openRegistry({
      providers: [entry],
      catalog,
      folder,
      log: openLog('silent'),
      metrics,
      clock,
      mayFail: () => false,
    });
    undo.later(() => registry.close());
    exposeProviders(metrics, registry.status, clock);
    const push = () =>
      registry.deliver(
        { providers: ['cs'], deadlineMs: 5000 },
        {
          transactionId: '1',
          handle: '41227575594942494',
          phone: 'linotp',
          payload: 'lseqr://push/AgAAAA',
          addresses: [{ kind: 'gda', value: 'DEADBEEF', since: 1 }],
          expiresAt: clock() + seconds(60),
        },
      );
    const shown = async (name: string) => samplesOf(await metrics.text()).filter((sample) => sample.name === name);
    /** The numbers of both URLs. */
    const states = async () => {
      const numbers = new Map((await shown('pushgate_provider_url_state')).map(({ labels, value }) => [labels.url, value]));
      return [numbers.get(one.url), numbers.get(two.url)];
    };
    return { one, two, registry, metrics, clock, push, shown, states };
  };

  it('show which URL is in use and which one fails, without what may be a secret', async () => {
    const { one, push, states, clock, metrics, registry } = await given();
    assert.deepEqual(await states(), [0, 1], 'the first is in use, the second stands by');
    // when the first one answers that it cannot
    one.behave({ kind: 'reply', status: 503 });
    await push();
    // then it fails, and the second one is in use
    assert.deepEqual(await states(), [2, 0]);
    // and while nobody sends a push nobody knows: half a minute later it may try again
    clock.advance(seconds(30));
    assert.deepEqual(await states(), [0, 1]);
    one.behave({ kind: 'reply', status: 200 });
    await push();
    assert.deepEqual(await states(), [0, 1]);
    for (const text of [await metrics.text(), JSON.stringify(registry.status())]) assert.ok(!/s3cret|alice/.test(text));
  });

  it('forget which URL failed when the provider is reset', async () => {
    const { one, push, states, registry } = await given();
    one.behave({ kind: 'reply', status: 503 }, { kind: 'reply', status: 200 });
    await push();
    assert.deepEqual(await states(), [2, 0]);
    assert.deepEqual(await registry.reset('cs'), { ok: true });
    assert.deepEqual([await states(), one.requests.length], [[0, 1], 1]);
  });

  it('show how far the clocks are apart, by the last reply that told a date', async () => {
    const { one, push, shown, clock } = await given();
    const skew = async () => (await shown('pushgate_provider_clock_skew_seconds')).map(({ labels, value }) => [labels.provider, value]);
    assert.deepEqual(await skew(), []);
    const dated = (ms: number) => one.behave({ kind: 'reply', status: 200, headers: { date: new Date(ms).toUTCString() } });
    // when its clock and ours agree
    dated(clock());
    await push();
    assert.deepEqual(await skew(), [['cs', 0]]);
    // when ours is an hour ahead, within the second that a date has
    clock.advance(seconds(3600));
    dated(clock() - seconds(3600));
    await push();
    const [[, ahead] = []] = await skew();
    assert.ok(Number(ahead) > 3598 && Number(ahead) <= 3600, String(ahead));
    // when a reply tells none, nothing new is known
    one.behave({ kind: 'reply', status: 200, headers: { date: 'yesterday' } });
    await push();
    assert.deepEqual(await skew(), [['cs', ahead]]);
    // and ten minutes after the last that did, what it told is forgotten
    clock.advance(seconds(600));
    assert.deepEqual(await skew(), []);
  });
});
