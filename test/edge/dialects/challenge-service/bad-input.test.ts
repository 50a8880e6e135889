import assert from 'node:assert/strict';
import fc from 'fast-check';
import { cleanup } from '../../../kit/temporary.ts';
import { givenRelay } from './given.ts';

describe('Bad input to a challenge-service mount', function () {
  this.timeout(60_000);
  const undo = cleanup();
  afterEach(() => undo.run());

  const field = fc.oneof(
    fc.string({ unit: 'binary', maxLength: 40 }),
    fc.jsonValue(),
    fc.constantFrom('41227575594942494', 'fcm:a', '\r\nX: y'),
  );
  const body = fc.oneof(
    fc.jsonValue().map((value) => JSON.stringify(value)),
    fc.string({ unit: 'binary', maxLength: 200 }),
    fc
      .record({ transactionId: field, gda: field, challenge: field }, { requiredKeys: [] })
      .map((challenge) => JSON.stringify({ challenge })),
  );

  it('is refused with a status below 500, in one line that does not quote it', async () => {
    const { ask } = await givenRelay(undo);
    await fc.assert(
      fc.asyncProperty(
        body,
        fc.constantFrom('POST /v1/challenge', 'PUT /v1/devices/x', 'PUT /v1/devices/%00%0a', 'DELETE /v1/devices/x'),
        async (text, call) => {
          const [method = '', path = ''] = call.split(' ');
          const headers = { 'content-length': String(Buffer.byteLength(text)) };
          const { status, reason, text: said } = await ask(path, { method, body: text, headers });
          assert.ok(status < 500 && !(status >= 300 && status < 400), `${status} ${reason}`);
          assert.match(reason, /^[\x20-\x7e]+$/);
          assert.equal(said, `${reason}\n`);
        },
      ),
      { numRuns: 300 },
    );
  });
});
