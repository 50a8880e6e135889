import assert from 'node:assert/strict';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { freePort } from '../kit/ports.ts';
import { cleanup } from '../kit/temporary.ts';
import { givenReader } from './first-production-reader.ts';
import { headingsOf } from './runnable-page.ts';

const page = 'docs/troubleshooting.md';
type Given = Awaited<ReturnType<typeof givenReader>>;

const login = (user: string, pass: string, key = '$KEY'): string =>
  `curl -sS http://10.0.0.5:8080/validate/check -H "X-API-Key: ${key}" -d user=${user} -d pass=${pass}`;

/** Sends a login, and waits until the log has told of it. */
async function logsIn(reader: Given['reader'], request: string, told: RegExp): Promise<void> {
  await reader.run(request);
  await reader.gateway().logged(told);
}

/** Writes the configuration anew, and waits until the gateway has looked at it. */
async function changeConfig({ reader }: Given, change: (config: Record<string, unknown[]>) => unknown, event = 'reloaded'): Promise<void> {
  const file = join(reader.folder, 'config.json');
  const config = JSON.parse(readFileSync(file, 'utf8'));
  const before = reader.gateway().output().err.split(`configuration-${event}`).length - 1;
  change(config);
  writeFileSync(file, JSON.stringify(config));
  await reader.gateway().logged(new RegExp(`configuration-${event}`), before + 1);
}

/** What is wrong when a reader comes to a section; in the order of the page. */
const faults: Record<string, (given: Given) => Promise<unknown>> = {
  'The push does not come': ({ fakes, reader }) => {
    fakes.setFault({ fake: 'fcm', status: 503 });
    return logsIn(reader, login('bob', '1234'), /"event":"push-delivered"/);
  },
  'The login page says "wrong otp pin"': ({ reader }) => logsIn(reader, login('bob', '9999'), /"reason":"wrong-pin"/),
  'The user has no tokens assigned, or does not exist': ({ reader }) => reader.run(login('carol', '1234')),
  '401 or 403: the auth server is not known': ({ reader }) => logsIn(reader, login('bob', '1234', ''), /"event":"caller-refused"/),
  'Requests get 503': async (given) => {
    const config = { urls: [`ldap://127.0.0.1:${await freePort()}`], baseDn: 'dc=x' };
    await changeConfig(given, (each) => {
      Object.assign(each, { userSources: [{ name: 'ad', kind: 'ldap', config }] });
      Object.assign(each.realms?.[0] ?? {}, { users: ['ad'] });
    });
    await given.reader.run(login('bob', '1234'));
  },
  'LinOTP says RemoteDisconnected': (given) =>
    changeConfig(given, (config) => {
      Object.assign(config, { realms: [{ name: 'corp', default: true }], userSources: [] });
      const [servers] = config.listeners as { mounts: object[] }[];
      servers?.mounts.push({ path: '/cs', serves: 'challenge-service', whenDown: 'drop' });
      const [vpn] = config.authServers as { mounts: unknown[]; rights: string[] }[];
      vpn?.mounts.push('/cs');
      vpn?.rights.push('trigger');
    }),
  'The phone cannot enrol': async () => undefined,
  'The phone is quiet after wrong PINs': async ({ reader }) => {
    for (let at = 0; at < 10; at += 1) await reader.run(login('bob', '9999'));
    await reader.gateway().logged(/"event":"logins-quiet"/);
  },
  'A change of the configuration does nothing': (given) =>
    changeConfig(given, (config) => Object.assign(config.providers?.[0] ?? {}, { knid: 'firebase' }), 'refused'),
  'It does not start': async ({ reader }) => {
    const file = join(reader.folder, 'config.json');
    writeFileSync(file, readFileSync(file, 'utf8').replace('"knid":"firebase",', '').replace(',"knid":"firebase"', ''));
  },
};

describe('The page on troubleshooting', function () {
  this.timeout(150_000);
  const undo = cleanup();
  afterEach(() => undo.run());

  it('has a fault for each of its symptoms', () => assert.deepEqual(headingsOf(page), Object.keys(faults)));

  it('says of each symptom what its commands show', async () => {
    const given = await givenReader(undo);
    const { reader } = given;
    const before = 'docs/first-production.md';
    for (const heading of headingsOf(before).filter((title) => /^[2-5]\./.test(title))) await reader.follow(before, heading);
    await reader.run(
      [
        'export KEY=$(cat secrets/vpn.key)',
        'npx pushgate tokens init --user bob --pin 1234 --serial PIPU0001A2B3 --qr bob.png --config config.json',
        'npx pushgate phone enrol --qr bob.png --phone phone.json --fcm-token phone-of-bob',
      ].join('\n'),
    );
    for (const [heading, happens] of Object.entries(faults)) {
      await happens(given);
      await reader.follow(page, heading);
    }
  });
});
