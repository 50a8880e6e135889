import assert from 'node:assert/strict';
import { globSync, readFileSync } from 'node:fs';
import { parse } from 'yaml';
import { z } from 'zod';

const read = (path: string): unknown => parse(readFileSync(path, 'utf8'));
const workflow = z.object({
  permissions: z.strictObject({ contents: z.literal('read') }),
  jobs: z.record(z.string(), z.object({ steps: z.array(z.object({ run: z.string().optional() })) })),
});
const field = z.strictObject({
  type: z.enum(['markdown', 'input', 'textarea', 'dropdown']),
  id: z.string().optional(),
  attributes: z.strictObject({
    label: z.string().optional(),
    description: z.string().optional(),
    value: z.string().optional(),
    render: z.string().optional(),
    options: z.array(z.string()).optional(),
  }),
  validations: z.strictObject({ required: z.boolean() }).optional(),
});
const form = z.strictObject({ name: z.string(), description: z.string(), labels: z.array(z.string()), body: z.array(field).min(1) });

describe('The files for GitHub', () => {
  it('have its workflow run what CI runs everywhere, with no right but to read', () => {
    const { jobs } = workflow.parse(read('.github/workflows/ci.yml'));
    const runs = Object.values(jobs).flatMap(({ steps }) => steps.flatMap(({ run }) => run ?? []));
    assert.equal(runs.at(-1), '.ci/run');
  });

  it('ask in its forms for what an answer needs', () => {
    const forms = globSync('.github/ISSUE_TEMPLATE/*.yml').filter((path) => !path.endsWith('config.yml'));
    assert.equal(forms.length, 2);
    for (const path of forms)
      assert.ok(
        form.parse(read(path)).body.some(({ validations }) => validations?.required),
        path,
      );
  });

  it('send weaknesses to a private place', () => {
    const { contact_links: links } = z
      .object({ blank_issues_enabled: z.literal(false), contact_links: z.array(z.object({ url: z.string() })) })
      .parse(read('.github/ISSUE_TEMPLATE/config.yml'));
    assert.ok(links.some(({ url }) => url.endsWith('/security/advisories/new')));
    const local = links.flatMap(({ url }) => url.split('/blob/main/')[1] ?? []);
    for (const path of local) assert.ok(globSync(path).length === 1, path);
  });
});
