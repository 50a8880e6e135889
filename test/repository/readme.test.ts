import assert from 'node:assert/strict';
import { generateKeyPairSync } from 'node:crypto';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { inspectConfig, problemText } from '../../src/config/index.ts';
import { openLog } from '../../src/foundation/telemetry/index.ts';
import { cleanup, temporaryFolder } from '../kit/temporary.ts';

const page = readFileSync('README.md', 'utf8');
const blocks = [...page.matchAll(/^```(\w*)\n([\s\S]*?)^```$/gm)].map(([, language = '', text = '']) => ({ language, text }));
const block = (language: string): string => blocks.find((each) => each.language === language)?.text ?? assert.fail(`no ${language}`);
const lines = (text: string): string[] => text.trimEnd().split('\n');

describe('The README', () => {
  const undo = cleanup();
  afterEach(() => undo.run());

  it('fits into 120 columns', () => {
    assert.deepEqual(
      lines(page).filter((line) => line.length > 120),
      [],
    );
  });

  it('begins with one sentence and a picture, then two commands', () => {
    const [title = '', sentence = '', picture = ''] = page.split('\n\n');
    assert.equal(title, '# pushgate');
    assert.match(sentence, /^[^.]+\.$/);
    assert.ok(picture.startsWith('```mermaid\nsequenceDiagram\n'));
    assert.deepEqual(lines(block('')), ['npm start', 'npm run demo']);
  });

  it('shows a configuration of 12 lines that check-config takes', async () => {
    const folder = temporaryFolder(undo);
    const { privateKey } = generateKeyPairSync('rsa', { modulusLength: 2048 });
    const key = privateKey.export({ type: 'pkcs8', format: 'pem' });
    const account = { type: 'service_account', project_id: 'acme', client_email: 'push@acme.example', private_key: key };
    writeFileSync(join(folder, 'fcm.json'), JSON.stringify(account));
    writeFileSync(join(folder, 'config.json'), block('json'));
    const problems = await inspectConfig(join(folder, 'config.json'), {}, openLog('silent'));
    assert.deepEqual(problems.map(problemText), []);
    assert.equal(lines(block('json')).length, 12);
  });

  it('says in seven rows what works, partly works, or is planned', () => {
    const [, table = ''] = /## What it works with\n\n([\s\S]*?)\n\n/.exec(page) ?? [];
    const [, , ...rows] = lines(table);
    assert.ok(rows.length > 0 && rows.length <= 7);
    for (const row of rows) assert.match(row, /^\| [^|]+ \| (?:✓|partly|planned) +\| \[[^|]+\]\([^|)]+\) +\|$/);
  });
});
