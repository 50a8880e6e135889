import assert from 'node:assert/strict';
import { join } from 'node:path';
import { cleanup, temporaryFolder } from '../kit/temporary.ts';
import type { StoreKind } from './stand.ts';
import { runStint } from './stint.ts';

/** A kill of each kind and what no other test breaks: `npm run chaos` goes on for hours, and breaks more. */
const short: Record<StoreKind, string[]> = {
  embedded: ['a gateway is killed', 'the disk is full', 'connections of clients break'],
  mongodb: ['a gateway is killed', 'the database is killed'],
};

describe('Gateways under load that something breaks', function () {
  this.timeout(180_000);
  const undo = cleanup();
  afterEach(() => undo.run());

  for (const store of ['embedded', 'mongodb'] as const)
    it(`lose nothing, and hand out nothing twice: ${store}`, async function () {
      const file = join(temporaryFolder(undo), 'history.jsonl');
      const report = await runStint(cleanup(), { store, kills: 0, seed: 7, file, only: short[store] });
      if (!report) return this.skip();
      assert.deepEqual(report.wrong, []);
      assert.equal(report.numbers.faults, short[store].length);
      assert.ok((report.numbers.accepts ?? 0) > 0, `no login was finished`);
    });
});
