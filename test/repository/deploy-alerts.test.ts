import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { globSync, readFileSync } from 'node:fs';
import { z } from 'zod';
import { findPromtool } from '../kit/promtool.ts';
import { alertRules, yaml } from './deploy-files.ts';

const cases = globSync('deploy/prometheus/*.test.yml').sort();

describe('The alert rules', function () {
  this.timeout(300_000);

  it('fire when they should, and keep quiet when all is well', function () {
    const promtool = findPromtool();
    if (!promtool) return this.skip();
    assert.ok(cases.length > 1);
    const { status, stdout, stderr } = spawnSync(promtool, ['test', 'rules', ...cases], { encoding: 'utf8' });
    assert.equal(status, 0, `${stdout}\n${stderr}`);
  });

  it('each have a case in which they fire', () => {
    const expected = z.object({
      tests: z.array(z.object({ promql_expr_test: z.array(z.object({ exp_samples: z.array(z.object({ labels: z.string() })) })) })),
    });
    const tests = cases.flatMap((file) => expected.parse(yaml(file)).tests);
    const samples = tests.flatMap((each) => each.promql_expr_test.flatMap(({ exp_samples }) => exp_samples));
    const fired = samples.map(({ labels }) => /alertname="(\w+)",alertstate="firing"/.exec(labels)?.[1] ?? labels);
    const rules = alertRules().map(({ alert }) => alert);
    assert.deepEqual([...new Set(fired)].sort(), rules.sort());
  });

  it('each name a section that says what to do, and no section is left over', () => {
    const page = 'docs/alerts.md';
    const sections = [...readFileSync(page, 'utf8').matchAll(/^### (\w+)$/gm)].map(([, name = '']) => name);
    assert.deepEqual(
      sections.sort(),
      alertRules()
        .map(({ alert }) => alert)
        .sort(),
    );
    for (const { alert, annotations } of alertRules()) assert.equal(annotations.runbook, `${page}#${alert.toLowerCase()}`);
  });
});
