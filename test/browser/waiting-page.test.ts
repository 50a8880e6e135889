import assert from 'node:assert/strict';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { givenRest } from '../edge/dialects/rest/given.ts';
import { closeBrowser, givenBrowserPage, haveChromium, keepPicture } from '../kit/browser.ts';
import { freePort } from '../kit/ports.ts';
import { type Cleanup, cleanup } from '../kit/temporary.ts';

/** A shop that shows what its return URL was called with, and a gateway whose pages lead back to it. */
async function givenShop(undo: Cleanup) {
  const shop = createServer((request, reply) => void reply.setHeader('content-type', 'text/html').end(`<title>Shop</title>${request.url}`));
  await new Promise<void>((resolve) => void shop.listen(0, '127.0.0.1', resolve));
  undo.later(() => void shop.close());
  const returnUrl = `http://127.0.0.1:${(shop.address() as AddressInfo).port}/done`;
  const port = await freePort();
  const world = await givenRest(undo, {
    returnUrls: [returnUrl],
    publicUrl: `http://127.0.0.1:${port}/rest`,
    address: `127.0.0.1:${port}`,
  });
  const phone = await world.phoneOf('alice');
  const nonce = async (): Promise<string> => (await phone.poll()).body.result.value.at(-1).nonce;
  return {
    ...world,
    returnUrl,
    opened: async () => (await world.rest('POST /v1/challenges', { user: 'alice', page: { returnUrl, state: 'abc' } })).body,
    accepts: async ({ number }: { number: string }) => phone.answer(await nonce(), { option: number }),
    declines: async () => phone.answer(await nonce(), { decline: true }),
  };
}

describe('The waiting page in a browser', function () {
  this.timeout(40_000);
  const undo = cleanup();
  before(function () {
    if (!haveChromium()) this.skip();
  });
  afterEach(() => undo.run());
  after(() => closeBrowser());

  it('shows the number and the time left, and goes back when the phone accepts', async () => {
    const { opened, accepts, returnUrl } = await givenShop(undo);
    const { page, faults } = await givenBrowserPage(undo);
    // given a browser at the page
    const challenge = await opened();
    await page.goto(challenge.page);
    assert.equal(await page.getByRole('heading').textContent(), 'Confirm on your phone');
    assert.equal(await page.locator('.number').textContent(), challenge.number);
    assert.match((await page.getByRole('timer').textContent()) ?? '', /^[12]:\d\d$/);
    await keepPicture(page, 'waiting-page');
    // when the phone accepts
    await accepts(challenge);
    // then the browser is at the shop, with code and state
    await page.waitForURL(`${returnUrl}?**`);
    const back = new URL(page.url());
    assert.ok(back.searchParams.get('code'));
    assert.equal(back.searchParams.get('state'), 'abc');
    assert.deepEqual(faults, []);
  });

  it('goes back with the reason after a decline', async () => {
    const { opened, declines, returnUrl } = await givenShop(undo);
    const { page } = await givenBrowserPage(undo);
    await page.goto((await opened()).page);
    await declines();
    await page.waitForURL(`${returnUrl}?error=declined**`);
  });

  it('can be cancelled with the keyboard', async () => {
    const { opened, returnUrl } = await givenShop(undo);
    const { page, faults } = await givenBrowserPage(undo);
    await page.goto((await opened()).page);
    await page.keyboard.press('Tab');
    assert.equal(await page.evaluate('document.activeElement.textContent'), 'Cancel');
    await page.keyboard.press('Enter');
    await page.waitForURL(`${returnUrl}?error=withdrawn**`);
    assert.deepEqual(faults, []);
  });

  it('works without scripts, by reloading itself', async () => {
    const { opened, accepts, returnUrl } = await givenShop(undo);
    const { page } = await givenBrowserPage(undo, { javaScriptEnabled: false, colorScheme: 'dark', locale: 'de-DE' });
    const challenge = await opened();
    await page.goto(challenge.page);
    await keepPicture(page, 'waiting-page-dark-german');
    await accepts(challenge);
    await page.waitForURL(`${returnUrl}?code**`);
    // and the form works without scripts as well
    const other = await opened();
    await page.goto(other.page);
    await page.getByRole('button').click();
    await page.waitForURL(`${returnUrl}?error=withdrawn**`);
  });
});
