/**
 * `npm run generate`: writes the pages of docs/reference from the source: schemas, actions, rights, metrics,
 * events, commands and the REST interface. With `--check` it writes nothing, and fails if a page is out of date.
 */
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { loadKinds } from '../providers/catalog.ts';
import { openApiOf, restDescriptions } from '../src/edge/dialects/rest/index.ts';
import { cliPage } from './reference/cli-page.ts';
import { configPage } from './reference/config-page.ts';
import { eventsPage } from './reference/events-page.ts';
import { metricsPage } from './reference/metrics-page.ts';
import { policiesPage } from './reference/policies-page.ts';
import { rightsPage } from './reference/rights-page.ts';

const folder = 'docs/reference';

/** One function per page. */
const pages: Readonly<Record<string, () => string | Promise<string>>> = {
  'config.md': async () => configPage(await loadKinds()),
  'policies.md': policiesPage,
  'rights.md': rightsPage,
  'metrics.md': metricsPage,
  'events.md': eventsPage,
  'cli.md': cliPage,
  'openapi.json': () => `${JSON.stringify(openApiOf(restDescriptions(), '/'), null, 2)}\n`,
};

for (const [name, make] of Object.entries(pages)) {
  const file = join(folder, name);
  const text = await make();
  if (!process.argv.includes('--check')) writeFileSync(file, text);
  else if (!existsSync(file) || readFileSync(file, 'utf8') !== text) {
    process.stderr.write(`${file} is not what the source says. Run: npm run generate\n`);
    process.exitCode = 1;
  }
}
