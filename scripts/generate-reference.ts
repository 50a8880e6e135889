/**
 * `npm run generate`: writes the pages of docs/reference from the source: schemas, actions, rights, metrics,
 * events, commands and the REST interface, and the types of its TypeScript client. With `--check` it writes nothing,
 * and fails if a page is out of date.
 */
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { loadKinds } from '../providers/catalog.ts';
import { openApiOf, restDescriptions } from '../src/edge/dialects/rest/index.ts';
import { cliPage } from './reference/cli-page.ts';
import { clientTypes } from './reference/client-types.ts';
import { configPage } from './reference/config-page.ts';
import { eventsPage } from './reference/events-page.ts';
import { metricsPage } from './reference/metrics-page.ts';
import { policiesPage } from './reference/policies-page.ts';
import { rightsPage } from './reference/rights-page.ts';

/** One function per file, which lie in docs/reference unless they say where. */
const pages: Readonly<Record<string, () => string | Promise<string>>> = {
  'config.md': async () => configPage(await loadKinds()),
  'policies.md': policiesPage,
  'rights.md': rightsPage,
  'metrics.md': metricsPage,
  'events.md': eventsPage,
  'cli.md': cliPage,
  '../../clients/typescript/src/types.ts': clientTypes,
  'openapi.json': () => `${JSON.stringify(openApiOf(restDescriptions(), '/'), null, 2)}\n`,
};

for (const [name, make] of Object.entries(pages)) {
  const file = join('docs/reference', name);
  const text = await make();
  if (!process.argv.includes('--check')) writeFileSync(file, text);
  else if (!existsSync(file) || readFileSync(file, 'utf8') !== text) {
    process.stderr.write(`${file} is not what the source says. Run: npm run generate\n`);
    process.exitCode = 1;
  }
}
