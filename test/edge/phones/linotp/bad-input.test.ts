import assert from 'node:assert/strict';
import fc from 'fast-check';
import { challengeText } from '../../../../src/edge/phones/linotp/challenge-url.ts';
import { fromBase64 } from '../../../../src/edge/phones/linotp/encoding.ts';
import { readPairingResponse } from '../../../../src/edge/phones/linotp/pairing-response.ts';
import { allRecords } from '../../../../src/store/copy.ts';
import { openChallenge } from '../../../../src/virtual-phone/linotp/challenge.ts';
import { readPairingUrl } from '../../../../src/virtual-phone/linotp/pairing.ts';
import { type GivenLinotp, givenLinotp, type LinotpTestPhone, linotpTestPhone } from '../../../kit/linotp.ts';
import { cleanup } from '../../../kit/temporary.ts';

const refusedPairing = { id: 0, result: { status: false, value: false } };
const json = { 'content-type': 'application/json' };
const form = { 'content-type': 'application/x-www-form-urlencoded' };

describe('Bad input to the phone routes of LinOTP', function () {
  this.timeout(60_000);
  const undo = cleanup();
  let given: GivenLinotp;
  let phone: LinotpTestPhone;
  let response: Buffer;
  let stored: string;
  const serial = 'KIPT0001';
  const storedNow = async (): Promise<string> => {
    const records = [];
    // Keys are generated, and every try is recorded, whatever its result.
    const besides = ['stock-key', 'audit-entry', 'audit-writer', 'audit-note', 'person-key'];
    for await (const record of allRecords(given.store)) if (!besides.includes(record.kind)) records.push(record);
    return JSON.stringify(records);
  };
  const pair = async (bytes: Uint8Array) => (await given.post('pair', { pairing_response: Buffer.from(bytes).toString('base64url') })).body;
  const assertRefused = ({ id, result }: Awaited<ReturnType<typeof pair>>): void => assert.deepEqual({ id, result }, refusedPairing);

  before(async () => {
    given = await givenLinotp(undo);
    phone = linotpTestPhone(await given.offer(serial));
    response = fromBase64(phone.pairing()) ?? Buffer.alloc(0);
    stored = await storedNow();
  });
  after(() => undo.run());
  afterEach('nothing has changed, no counter either', async () => {
    assert.equal(await storedNow(), stored);
  });

  it('refuses a pairing response with any bit of it flipped', async () => {
    assert.ok(response.length > 150);
    for (let index = 0; index < response.length; index += 1) {
      const flipped = Buffer.from(response);
      flipped[index] = (flipped[index] ?? 0) ^ (1 << (index % 8));
      assertRefused(await pair(flipped));
    }
  });

  it('refuses a truncated or extended one', async () => {
    for (let length = 0; length < response.length; length += 1) assertRefused(await pair(response.subarray(0, length)));
    await fc.assert(
      fc.asyncProperty(fc.uint8Array({ minLength: 1, maxLength: 200 }), async (more) => {
        assertRefused(await pair(Buffer.concat([response, more])));
      }),
      { numRuns: 50 },
    );
    assertRefused(await pair(Buffer.concat([response, Buffer.alloc(40_000)])));
  });

  it('refuses random bytes, and never throws over them', () => {
    fc.assert(
      fc.property(fc.oneof(fc.string(), fc.base64String()), (text) => {
        const read = readPairingResponse(text);
        assert.ok(!read.ok || read.value.sealed.length >= 16);
      }),
    );
  });

  const bodies: [string, string | Uint8Array, Record<string, string>][] = [
    ['a form over 64 KiB', `pairing_response=${'a'.repeat(70_000)}&transactionid=1&signature=x`, form],
    ['a megabyte of nested JSON', '['.repeat(1_000_000), json],
    ['broken JSON', '{"pairing_response": "AA', json],
    ['a list where a record is expected', '[1]', json],
    ['records where texts are expected', '{"pairing_response": {}, "transactionid": [], "signature": {}}', json],
    ['a NUL in a value', 'pairing_response=A%00A&transactionid=1%00&signature=x', form],
    ['bytes of nothing', new Uint8Array([0xff, 0xfe, 0x00]), { 'content-type': 'application/octet-stream' }],
    ['nothing at all', '', form],
  ];
  for (const [what, body, headers] of bodies) {
    it(`answers ${what} in the format of each call`, async () => {
      for (const [call, status] of [
        ['pair', false],
        ['accept_transaction', true],
        ['reject_transaction', true],
      ] as const) {
        const reply = await fetch(`${given.url}/validate/${call}`, { method: 'POST', body, headers });
        const { id, result } = (await reply.json()) as typeof refusedPairing;
        assert.deepEqual([reply.status, id, result], [body.length > 65_536 ? 413 : 200, 0, { status, value: false }], call);
      }
    });
  }

  it('refuses any id and any signature', async () => {
    const text = fc.oneof(fc.string(), fc.constantFrom('1', '12345678901234567', '12345678901234.01', '.01', '9'.repeat(40), '__proto__'));
    await fc.assert(
      fc.asyncProperty(text, fc.oneof(fc.base64String(), fc.string()), async (transactionid, signature) => {
        for (const call of ['accept_transaction', 'reject_transaction'])
          assert.deepEqual((await given.post(call, { transactionid, signature })).body.result, { status: true, value: false });
      }),
      { numRuns: 50 },
    );
  });

  it('logs nothing of a pairing response, of an address or of a signature', () => {
    const text = given.logged.join('\n');
    for (const secret of ['DEADBEEF', response.toString('base64url').slice(0, 60)]) assert.ok(!text.includes(secret));
  });
});

describe('Texts of a challenge of LinOTP', () => {
  it('are accepted up to their limit in bytes, and never with NUL inside', () => {
    const content = (kind: 'signreq', message: string) =>
      ({ content: { kind, message }, transactionId: '1', callbackUrl: '', now: 0 }) as const;
    fc.assert(
      fc.property(fc.string({ unit: 'grapheme', maxLength: 600 }), (message) => {
        const fits = Buffer.byteLength(message) <= 511 && !message.includes('\0');
        assert.equal(challengeText(content('signreq', message)).ok, fits);
      }),
    );
  });

  it('make a URL that the phone refuses when any byte of it is changed or missing', async () => {
    const undo = cleanup();
    try {
      const given = await givenLinotp(undo);
      const uri = await given.offer('KIPT0002');
      const phone = linotpTestPhone(uri);
      await given.post('pair', { pairing_response: phone.pairing() });
      const activation = await given.ask(['KIPT0002'], { kind: 'activation' });
      const token = phone.token;
      const url = activation.decision.challenges[0]?.payload ?? '';
      assert.ok(openChallenge(url, [token]).ok);
      const bytes = Buffer.from(url.slice('lseqr://push/'.length), 'base64url');
      for (let index = 0; index < bytes.length; index += 1) {
        const changed = Buffer.from(bytes);
        changed[index] = (changed[index] ?? 0) ^ (1 << (index % 8));
        assert.ok(!openChallenge(`lseqr://push/${changed.toString('base64url')}`, [token]).ok, `byte ${index}`);
        assert.ok(!openChallenge(`lseqr://push/${bytes.subarray(0, index).toString('base64url')}`, [token]).ok, `cut at ${index}`);
      }
      const offer = Buffer.from(uri.slice('lseqr://pair/'.length), 'base64url');
      for (let length = 0; length < offer.length; length += 1)
        assert.ok(!readPairingUrl(`lseqr://pair/${offer.subarray(0, length).toString('base64url')}`).ok);
    } finally {
      await undo.run();
    }
  });
});
