/** `npm run generate`: writes docs/reference/cli.md from the commands. With `--check` it writes nothing, and fails where the page is another. */
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { cliPage } from './reference/cli-page.ts';

const file = 'docs/reference/cli.md';
const text = await cliPage();

if (!process.argv.includes('--check')) writeFileSync(file, text);
else if (!existsSync(file) || readFileSync(file, 'utf8') !== text) {
  process.stderr.write(`${file} is not what the commands say. Run: npm run generate\n`);
  process.exitCode = 1;
}
