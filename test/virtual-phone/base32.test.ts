import assert from 'node:assert/strict';
import fc from 'fast-check';
import { fromBase32, toBase32 } from '../../src/virtual-phone/base32.ts';
import { b32 } from './server-kit.ts';

describe("The phone's base32", () => {
  it('writes the examples of RFC 4648', () => {
    const examples = {
      '': '',
      f: 'MY======',
      fo: 'MZXQ====',
      foo: 'MZXW6===',
      foob: 'MZXW6YQ=',
      fooba: 'MZXW6YTB',
      foobar: 'MZXW6YTBOI======',
    };
    for (const [plain, encoded] of Object.entries(examples)) {
      assert.equal(toBase32(Buffer.from(plain)), encoded);
      assert.equal(Buffer.from(fromBase32(encoded) ?? 'nothing').toString(), plain);
    }
  });

  it('reads back any bytes, and writes them as another implementation does', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 300 }), (bytes) => {
        assert.equal(toBase32(bytes), b32(bytes));
        assert.deepEqual(fromBase32(toBase32(bytes)), bytes);
      }),
    );
  });

  it('refuses lower case, missing or wrong padding, spaces and leftover bits', () => {
    for (const text of [
      'my======',
      'MY',
      'MY=====',
      'MY=====A',
      'MZX=====',
      'M=======',
      '========',
      'MZXW6Y==',
      'MZ======',
      'MZXW6YT1',
      'MZXW6YTB\n',
    ]) {
      assert.equal(fromBase32(text), undefined, text);
    }
  });
});
