import assert from 'node:assert/strict';
import { cleanup } from '../kit/temporary.ts';
import { givenReader } from './first-production-reader.ts';
import { headingsOf } from './runnable-page.ts';

const page = 'docs/first-production.md';

describe('The page from nothing to production', function () {
  this.timeout(180_000);
  const undo = cleanup();
  afterEach(() => undo.run());

  it('leads there, command by command', async () => {
    const { fakes, reader } = await givenReader(undo);
    // when a reader does what it says; the package of step 1 has a test of its own
    for (const heading of headingsOf(page).filter((title) => /^[2-8]\./.test(title))) await reader.follow(page, heading);
    // then the next phone, which has an address at Firebase, rings
    const arrived = fakes.nextDelivery();
    await reader.run(
      [
        'npx pushgate tokens init --user bob --pin 1234 --qr bob.png --config config.json',
        'npx pushgate phone enrol --qr bob.png --phone phone.json --fcm-token phone-of-bob',
        bobLogsIn(reader.gateway().output().out),
      ].join('\n'),
    );
    assert.equal((await arrived).fake, 'fcm');
    await reader.gateway().logged(/"event":"login-finished"/);
  });
});

/** What the VPN sends for bob, to the first of the URLs that the start has named. */
const bobLogsIn = (banner: string): string =>
  `curl -sS ${/http:\/\/127\.0\.0\.1:\d+/.exec(banner)?.[0]}/validate/check -H "X-API-Key: $KEY" -d user=bob -d pass=1234`;
