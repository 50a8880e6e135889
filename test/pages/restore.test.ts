import { cleanup } from '../kit/temporary.ts';
import { givenReader } from './first-production-reader.ts';
import { headingsOf } from './runnable-page.ts';

describe('The restore drill', function () {
  this.timeout(180_000);
  const undo = cleanup();
  afterEach(() => undo.run());

  it('brings back what was backed up, and says what is lost', async () => {
    const { reader } = await givenReader(undo);
    // given the gateway and the phone of the page before
    const before = 'docs/first-production.md';
    for (const heading of headingsOf(before).filter((title) => /^[2-6]\./.test(title))) await reader.follow(before, heading);
    // when a reader backs up, loses the store and restores it; then every command says what the page shows
    await reader.follow('docs/restore.md', 'The daily backup of the embedded store');
    await reader.follow('docs/restore.md', 'A drill');
  });
});
