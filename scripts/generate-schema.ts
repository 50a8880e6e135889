import { readFileSync, writeFileSync } from 'node:fs';
import { loadKinds } from '../providers/catalog.ts';
import { configSchemaOf } from '../src/config/index.ts';
import { jsonOf } from '../src/config/reference/index.ts';

const file = 'config/schema.json';
const schema = {
  title: 'Configuration of pushgate',
  ...jsonOf(configSchemaOf(await loadKinds())),
};
const text = `${JSON.stringify(schema, null, 2)}\n`;

if (!process.argv.includes('--check')) writeFileSync(file, text);
else if (readFileSync(file, 'utf8') !== text) {
  process.stderr.write(`${file} is not what the schema in src/config says. Run: npm run generate\n`);
  process.exitCode = 1;
}
