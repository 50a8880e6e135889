import assert from 'node:assert/strict';
import { seconds } from '../../../kit/clock.ts';
import { openEvents } from '../../../kit/event-stream.ts';
import { cleanup } from '../../../kit/temporary.ts';
import { keys } from './given.ts';
import { givenPage, returnUrl } from './page-given.ts';

describe('The waiting page of the REST interface', function () {
  this.timeout(30_000);
  const undo = cleanup();
  afterEach(() => undo.run());

  it('shows the number, waits, and leads back with a code that works once', async () => {
    const { rest, opened, browser, accepts } = await givenPage(undo);
    // given a login whose browser was sent to the page
    const challenge = await opened({ binding: 'session-1' });
    const page = await browser(challenge.page);
    assert.equal(page.status, 200);
    assert.match(page.text, new RegExp(`<strong class="number"[^>]*>${challenge.number}</strong>`));
    // when the phone accepts while the page waits
    const waiting = browser(`${challenge.page}/state?wait=20`);
    await accepts(challenge);
    const state = JSON.parse((await waiting).text);
    assert.equal(state.status, 'accepted');
    // then the browser goes back to the registered URL, with its state and a code
    const back = new URL(state.returnTo);
    assert.equal(`${back.origin}${back.pathname}`, returnUrl);
    assert.equal(back.searchParams.get('state'), 'the shop knows & checks this');
    const code = back.searchParams.get('code') ?? '';
    assert.equal((await browser(challenge.page)).headers.get('location')?.split('?')[0], returnUrl);
    // and the code is for this auth server and this session, once
    const redeem = (body: object, key?: string) => rest('POST /v1/page-codes/consume', body, key === undefined ? {} : { key });
    assert.equal((await redeem({ code, binding: 'session-1' }, keys.stranger)).status, 404);
    assert.equal((await redeem({ code, binding: 'session-2' })).status, 403);
    const taken = await redeem({ code, binding: 'session-1' });
    assert.deepEqual([taken.status, taken.body.id, taken.body.user], [200, challenge.id, 'alice']);
    assert.equal((await redeem({ code, binding: 'session-1' })).status, 409);
  });

  it('gives codes that live 60 seconds, and no code without an accept', async () => {
    const { rest, opened, browser, accepts, clock } = await givenPage(undo);
    const challenge = await opened();
    await accepts(challenge);
    const codeNow = async () =>
      new URL(JSON.parse((await browser(`${challenge.page}/state`)).text).returnTo).searchParams.get('code') ?? '';
    const old = await codeNow();
    clock.advance(seconds(60));
    assert.equal((await rest('POST /v1/page-codes/consume', { code: old })).status, 404);
    for (const code of ['', 'x', `${old}x`, old.replace(/^\d/, '9'), '....', `${challenge.id}.zz.none.`])
      assert.equal((await rest('POST /v1/page-codes/consume', { code })).status, 404, code);
    assert.equal((await rest('POST /v1/page-codes/consume', { code: await codeNow() })).status, 200);
  });

  const ends: [how: string, end: (world: Awaited<ReturnType<typeof givenPage>>, page: string) => Promise<unknown>, error: string][] = [
    ['the phone declines', ({ declines }) => declines(), 'declined'],
    ['the user cancels', ({ browser }, page) => browser(`${page}/cancel`, { method: 'POST' }), 'withdrawn'],
    ['the time is over', async ({ clock }) => clock.advance(seconds(121)), 'expired'],
  ];
  for (const [how, end, error] of ends)
    it(`leads back with the reason when ${how}`, async () => {
      const world = await givenPage(undo);
      const { page } = await world.opened();
      await end(world, page);
      const back = new URL((await world.browser(page)).headers.get('location') ?? '');
      assert.deepEqual([back.searchParams.get('error'), back.searchParams.get('code')], [error, null]);
    });

  it('cannot take back an accept', async () => {
    const { opened, browser, accepts, rest } = await givenPage(undo);
    const challenge = await opened();
    await accepts(challenge);
    await browser(`${challenge.page}/cancel`, { method: 'POST' });
    assert.equal((await rest(`GET /v1/challenges/${challenge.id}`)).body.status, 'accepted');
  });

  it('has an address that nobody can guess, name to others or find in the log', async () => {
    const { opened, browser, logged, rest } = await givenPage(undo);
    const challenge = await opened();
    const secret = challenge.page.split('/').at(-1);
    assert.match(secret, /^[A-Za-z0-9_-]{22}$/);
    const page = await browser(challenge.page);
    const policy = page.headers.get('content-security-policy') ?? '';
    assert.equal(page.headers.get('referrer-policy'), 'no-referrer');
    for (const part of ["default-src 'none'", "frame-ancestors 'none'", "base-uri 'none'"]) assert.ok(policy.includes(part), policy);
    assert.ok(!policy.includes('unsafe'), policy);
    assert.equal((await browser(challenge.page.replace(secret, 'A'.repeat(22)))).status, 404);
    assert.equal((await browser(challenge.page.replace('/shop/', '/stranger/'))).status, 404);
    assert.ok(!JSON.stringify(logged).includes(secret));
    // and the same key gives the same page
    const again = () => rest('POST /v1/challenges', { user: 'alice', page: { returnUrl } }, { headers: { 'idempotency-key': 'k' } });
    assert.equal((await again()).body.page, (await again()).body.page);
  });

  it('turns a client away that guesses addresses', async () => {
    const { opened, browser } = await givenPage(undo);
    const { page } = await opened();
    let last = 404;
    for (let times = 0; times < 200 && last === 404; times += 1) last = (await browser(`${page.slice(0, -4)}${times}`)).status;
    assert.equal(last, 429);
    assert.equal((await browser(page)).status, 200);
  });

  it('leaves event streams to its auth server, however many a browser opens', async () => {
    // given 18 connections, which are 13 streams, 9 of them for one auth server
    const { opened, browser, client } = await givenPage(undo, { settings: { connections: 18 } });
    const { id, page } = await opened();
    const follow = async (path: string, headers: Record<string, string> = {}) => {
      const stream = await openEvents(`${client.url}/rest${path}`, { headers });
      undo.later(stream.close);
      return stream.status;
    };
    // when a browser opens the stream of its page again and again
    const browsers = [];
    for (let count = 0; count < 6; count += 1) browsers.push(await follow(`${new URL(page).pathname.replace('/rest', '')}/events`));
    // then pages have half of them, a page can still poll, and the auth server has the rest
    assert.deepEqual(browsers, [200, 200, 200, 200, 429, 429]);
    const servers = [];
    for (let count = 0; count < 5; count += 1)
      servers.push(await follow(`/v1/challenges/${id}/events`, { authorization: `Bearer ${keys.shop}` }));
    assert.deepEqual(servers, [200, 200, 200, 200, 200]);
    assert.equal((await browser(`${page}/state`)).status, 200);
  });

  it('speaks German to a browser that wants it', async () => {
    const { opened, browser } = await givenPage(undo);
    const { page } = await opened();
    const german = await browser(page, { headers: { 'accept-language': 'de-AT,de;q=0.9,en;q=0.5' } });
    assert.match(german.text, /<html lang="de">[\s\S]*Auf dem Telefon bestätigen/);
  });

  it('is refused without a public address, and to return URLs that are not registered', async () => {
    const { rest } = await givenPage(undo);
    for (const other of [`${returnUrl}/`, `${returnUrl}?x`, returnUrl.replace('https', 'http'), 'javascript:alert(1)']) {
      const refused = await rest('POST /v1/challenges', { user: 'alice', page: { returnUrl: other } });
      assert.deepEqual([refused.status, refused.body.errors?.[0].field], [400, '/page/returnUrl'], other);
    }
    const strangers = await rest('POST /v1/challenges', { user: 'alice', page: { returnUrl } }, { key: keys.stranger });
    assert.equal(strangers.status, 400);
    assert.equal((await rest('POST /v1/challenges', { user: 'alice', mode: 'code', page: { returnUrl } })).body.errors[0].field, '/mode');
    const { rest: elsewhere } = await givenPage(undo, { isPublic: false });
    assert.equal((await elsewhere('POST /v1/challenges', { user: 'alice', page: { returnUrl } })).body.errors[0].field, '/page');
  });
});
