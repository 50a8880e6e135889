import assert from 'node:assert/strict';
import { Registry } from 'prom-client';
import { zeroedCounter, zeroedHistogram } from '../../../src/foundation/telemetry/zeroed.ts';

describe('Series that exist before the first count', () => {
  const given = () => {
    const registry = new Registry();
    const lines = async () => (await registry.metrics()).split('\n').filter((line) => line !== '' && !/^#|_bucket|_sum/.test(line));
    return { registry, lines };
  };

  it('are complete where every label has a fixed set of values', async () => {
    const { registry, lines } = given();
    const counter = zeroedCounter(registry, { name: 'reloads_total', help: 'x', closed: { outcome: ['reloaded', 'refused'] } });
    counter.inc({ outcome: 'refused' });
    assert.deepEqual(await lines(), ['reloads_total{outcome="reloaded"} 0', 'reloads_total{outcome="refused"} 1']);
  });

  it('are missing where a label is open, until its value is known', async () => {
    const { registry, lines } = given();
    const closed = { outcome: ['sent', 'rejected'] } as const;
    const counter = zeroedCounter(registry, { name: 'pushes_total', help: 'x', closed, open: ['provider'] });
    assert.deepEqual(await lines(), []);
    counter.startAtZero({ provider: 'a' });
    assert.deepEqual(await lines(), ['pushes_total{provider="a",outcome="sent"} 0', 'pushes_total{provider="a",outcome="rejected"} 0']);
  });

  it('keep their counts when a reload creates them again', async () => {
    const { registry, lines } = given();
    const description = { help: 'x', closed: { outcome: ['sent'] }, open: ['provider'] } as const;
    const counter = zeroedCounter(registry, { name: 'pushes_total', ...description });
    const histogram = zeroedHistogram(registry, { name: 'seconds', ...description, buckets: [1] });
    const series = { provider: 'a', outcome: 'sent' } as const;
    for (const _ of [1, 2]) {
      counter.startAtZero({ provider: 'a' });
      histogram.startAtZero({ provider: 'a' });
      counter.inc(series);
      histogram.observe(series, 0.5);
    }
    assert.deepEqual(await lines(), ['pushes_total{provider="a",outcome="sent"} 2', 'seconds_count{provider="a",outcome="sent"} 2']);
  });
});
