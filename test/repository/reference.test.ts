import assert from 'node:assert/strict';
import { anchor, wrapped } from '../../scripts/reference/markdown.ts';
import { labelMeanings, productMetrics } from '../../scripts/reference/metrics-page.ts';
import { auditKinds } from '../../src/foundation/model/index.ts';
import { linesOf } from '../../src/foundation/telemetry/event-log.ts';
import { eventTexts } from '../../src/foundation/telemetry/event-reference.ts';
import { notPlain } from '../kit/plain-english.ts';

describe('The reference of metrics and events', () => {
  it('says in plain English what each metric counts', async () => {
    const metrics = await productMetrics();
    assert.ok(metrics.length > 40, `${metrics.length} metrics`);
    assert.deepEqual(
      metrics.flatMap(({ name, help }) => (notPlain(help) ? [`${name}: ${notPlain(help)}`] : [])),
      [],
    );
  });

  it('says what each label holds, and knows the values of those that have a fixed list', async () => {
    const labels = (await productMetrics()).flatMap((metric) => metric.labels.map((label) => ({ ...label, metric: metric.name })));
    assert.deepEqual(
      labels.filter(({ name }) => labelMeanings[name] === undefined),
      [],
    );
    assert.deepEqual(labels.find(({ name, metric }) => metric === 'pushgate_config_reloads_total' && name === 'outcome')?.values, [
      'reloaded',
      'refused',
    ]);
    assert.deepEqual(
      Object.keys(labelMeanings).filter((label) => !labels.some(({ name }) => name === label)),
      [],
      'no label is explained that there is not',
    );
  });

  it('says in plain English when each event happens, and what each field holds', () => {
    assert.deepEqual(Object.keys(eventTexts).sort(), [...auditKinds].sort());
    const wrong = Object.entries(eventTexts).flatMap(([kind, { when, fields }]) =>
      [when, ...Object.values<string>(fields)].flatMap((text) => (notPlain(text) ? [`${kind}: ${text}: ${notPlain(text)}`] : [])),
    );
    assert.deepEqual(wrong, []);
  });

  it('has every line that the log may have for an event', () => {
    assert.deepEqual(
      linesOf('push-delivered').map(({ level }) => level),
      ['info', 'warn', 'warn'],
    );
    assert.deepEqual(
      linesOf('store-lost').map(({ level }) => level),
      ['error'],
    );
  });

  it('keeps code in one line, and has the anchors of a forge', () => {
    const text = wrapped(`${'word '.repeat(23)}and \`npx pushgate config reference KEY\` at the end`);
    assert.ok(text.split('\n').some((line) => line.includes('`npx pushgate config reference KEY`')));
    assert.ok(text.split('\n').every((line) => line.length <= 120));
    assert.equal(anchor('`authServers`'.replaceAll('`', '')), 'authservers');
    assert.equal(anchor('$schema'), 'schema');
  });
});
