import assert from 'node:assert/strict';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { givenGateway } from '../kit/gateway.ts';
import { pushgateAt } from '../kit/gateway-process.ts';
import { piClient } from '../kit/pi-client.ts';
import { piPhone } from '../kit/pi-phone.ts';
import { freePort } from '../kit/ports.ts';
import { type Cleanup, cleanup, temporaryFolder } from '../kit/temporary.ts';
import { openReader } from './runnable-page.ts';

const page = readFileSync('docs/rest.md', 'utf8');
const shopKey = 'shop-key-0123456789abcdef0123456789abcdef';

/** The blocks of a language below a heading of the page; those in a list are indented. */
function blocksOf(heading: string, language: string): string[] {
  const section = page.split(`\n## ${heading}\n`)[1]?.split(/^## /m)[0] ?? assert.fail(heading);
  const blocks = [...section.matchAll(/^( *)```(\w+)\n([\s\S]*?)^ *```$/gm)].filter(([, , kind]) => kind === language);
  return blocks.map(([, indent = '', , text = '']) => text.replace(new RegExp(`^${indent}`, 'gm'), ''));
}

/** The configuration of the page. */
const configOfPage = () => JSON.parse(blocksOf('Set up', 'json')[0] ?? '');

/** A gateway with the configuration of the page, alice's phone, and a reader with a terminal. An operator's listener is added to enrol the phone. */
async function givenReader(undo: Cleanup) {
  const { listeners, authServers } = configOfPage();
  const at = `127.0.0.1:${await freePort()}`;
  const [listener] = listeners;
  listener.address = at;
  for (const mount of listener.mounts) if (mount.publicUrl) mount.publicUrl = `http://${at}/rest`;
  const inside = { address: '127.0.0.1:0', mounts: [{ path: '/', serves: 'privacyidea' }] };
  const world = await givenGateway(undo, {
    more: { listeners: [inside, listener], authServers },
    environment: { SHOP_KEY: shopKey },
  });
  const { serial } = await world.phoneOf('alice');
  const phone = piPhone(piClient(`http://${at}`), { serial, credential: '', clock: world.clock });
  const reader = openReader(undo, {
    folder: temporaryFolder(undo),
    values: { 'https://mfa.example.org/rest': `http://${at}/rest` },
  });
  await reader.run(`export SHOP_KEY=${shopKey} SESSION=cookie-of-alice`);
  return {
    shown: async () => (await phone.poll()).body.result.value.at(-1),
    phone,
    /** Types commands in a terminal that keeps its variables. */
    types: (commands: string) => reader.run(`set -a\n${commands}`),
  };
}

describe('The page on the REST interface', function () {
  this.timeout(60_000);
  const undo = cleanup();
  afterEach(() => undo.run());

  it('has a configuration that check-config takes', async () => {
    const folder = temporaryFolder(undo);
    writeFileSync(join(folder, 'config.json'), JSON.stringify(configOfPage()));
    const { code, out, err } = await pushgateAt({ cwd: folder, variables: { SHOP_KEY: shopKey } }, 'check-config', 'config.json');
    assert.equal(code, 0, out + err);
    assert.doesNotMatch(out + err, /warning/i);
  });

  it('gives each refusal its status', () => {
    const known = new Map(
      [...readFileSync('docs/reference/openapi.json', 'utf8').matchAll(/urn:pushgate:problem:([a-z-]+): (\d+),/g)].map(
        ([, type, status]) => [type, status],
      ),
    );
    const shown = [...page.matchAll(/^\| `([a-z-]+)` +\| (\d{3}) +\|/gm)].map(([, type, status]) => [type, status]);
    assert.ok(shown.length > 15);
    for (const [type, status] of shown) assert.equal(status, known.get(type), type);
  });

  it('asks, waits and takes by the commands that it shows', async () => {
    const { types, phone, shown } = await givenReader(undo);
    const [ask = '', wait = '', take = ''] = blocksOf('Ask, wait, take', 'sh');
    // when the reader asks
    const challenge = JSON.parse(await types(ask));
    assert.equal(challenge.status, 'pending');
    // then the phone shows the title, the text and one line for each detail
    const { nonce, title, question } = await shown();
    assert.deepEqual([title, question], ['ACME Bank', 'Send money?\nAmount: 100 EUR\nTo: Bob']);
    // and both ways to wait end with the answer
    await types(`ID=${challenge.id}`);
    const [told] = await Promise.all([types(wait), phone.answer(nonce, { option: challenge.number })]);
    assert.match(told, /^\{[^\n]*"status":"accepted"/);
    assert.match(told, /\nevent: challenge\n[\s\S]*"status":"accepted"[^\n]*\n+$/);
    // and the approval is taken once
    assert.equal(JSON.parse(await types(take)).status, 'consumed');
    assert.equal(JSON.parse(await types(take)).type, 'urn:pushgate:problem:already-consumed');
    // and the same idempotency key gets the same challenge
    assert.equal(JSON.parse(await types(ask)).id, challenge.id);
  });

  it('takes the code of a page that waits by the command that it shows', async () => {
    const { types, phone, shown } = await givenReader(undo);
    const [G = ''] = /^G=.*$/m.exec(page) ?? [];
    const [returnUrl] = configOfPage().authServers[0].returnUrls;
    const body = JSON.stringify({ user: 'alice', binding: 'cookie-of-alice', page: { returnUrl, state: 'xyz' } });
    const created = await types(
      `${G}\ncurl -s $G/v1/challenges -H "authorization: Bearer $SHOP_KEY" -H 'content-type: application/json' -d '${body}'`,
    );
    const { page: address, number } = JSON.parse(created);
    // given a browser at the page, whose user picks its number
    assert.ok((await (await fetch(address)).text()).includes(`>${number}<`));
    await phone.answer((await shown()).nonce, { option: number });
    const back = new URL((await fetch(address, { redirect: 'manual' })).headers.get('location') ?? '');
    assert.equal(`${back.origin}${back.pathname}`, returnUrl);
    assert.equal(back.searchParams.get('state'), 'xyz');
    // when the reader takes the code
    await types(`CODE=${back.searchParams.get('code')}`);
    const [take = ''] = blocksOf('A page that waits', 'sh');
    assert.equal(JSON.parse(await types(take)).status, 'consumed');
  });
});
