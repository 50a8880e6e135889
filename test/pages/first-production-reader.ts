import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Fakes } from '../../src/fakes/index.ts';
import { givenFakes } from '../fakes/fakes-kit.ts';
import { freePort } from '../kit/ports.ts';
import { type Cleanup, temporaryFolder } from '../kit/temporary.ts';
import { openReader, type Reader } from './runnable-page.ts';

/** A reader of the pages that lead to production, on this machine. Firebase is the fake: the configuration says where, beside what the page says. */
export async function givenReader(undo: Cleanup): Promise<{ fakes: Fakes; reader: Reader }> {
  const { fakes } = await givenFakes(undo);
  const folder = temporaryFolder(undo);
  const [phones, servers, ops] = await Promise.all([freePort(), freePort(), freePort()]);
  const values = {
    'mfa.example.com': 'localhost',
    '8443': String(phones),
    '10.0.0.5:8080': `127.0.0.1:${servers}`,
    '127.0.0.1:8081': `127.0.0.1:${ops}`,
    '0.0.0.0': '127.0.0.1',
    '/opt/pushgate': folder,
    '/mnt/backup': join(folder, 'backup'),
  };
  mkdirSync(join(folder, 'secrets'));
  writeFileSync(join(folder, 'secrets/fcm.json'), fakes.fcm.serviceAccount);
  writeFileSync(join(folder, 'fakes-ca.pem'), fakes.ca);
  const saved = (name: string, text: string): string => {
    if (name !== 'config.json') return text;
    const config = JSON.parse(text);
    Object.assign(config.providers[0].config, { api_url: fakes.fcm.url, ca: 'fakes-ca.pem' });
    return JSON.stringify(config);
  };
  return { fakes, reader: openReader(undo, { folder, values, saved }) };
}
