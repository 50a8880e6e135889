import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { z } from 'zod';
import { findPromtool } from '../kit/promtool.ts';
import { promQueries, yaml } from './deploy-files.ts';

const cases = 'deploy/prometheus/alerts.test.yml';

describe('The alert rules', function () {
  this.timeout(300_000);

  it('fire when they should, and keep quiet when all is well', function () {
    const promtool = findPromtool();
    if (!promtool) return this.skip();
    const { status, stdout, stderr } = spawnSync(promtool, ['test', 'rules', cases], { encoding: 'utf8' });
    assert.equal(status, 0, `${stdout}\n${stderr}`);
  });

  it('each have a case in which they fire', () => {
    const expected = z.object({
      tests: z.array(z.object({ promql_expr_test: z.array(z.object({ exp_samples: z.array(z.object({ labels: z.string() })) })) })),
    });
    const samples = expected.parse(yaml(cases)).tests.flatMap((each) => each.promql_expr_test.flatMap(({ exp_samples }) => exp_samples));
    const fired = samples.map(({ labels }) => /alertname="(\w+)",alertstate="firing"/.exec(labels)?.[1] ?? labels);
    const rules = promQueries().flatMap(({ place, kind }) => (kind === 'alert' ? [place] : []));
    assert.deepEqual([...new Set(fired)].sort(), rules.sort());
  });
});
