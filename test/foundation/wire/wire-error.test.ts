import assert from 'node:assert/strict';
import { wireErrorOf } from '../../../src/foundation/wire/index.ts';
import { defects, outages } from '../../kit/outages.ts';

describe('What an exception means', () => {
  it('follows its code or name, whatever its class and however deep it is nested', () => {
    for (const { title, error, means } of outages) assert.equal(wireErrorOf(error, undefined), means, title);
  });

  it('is not a wire error for a defect', () => {
    for (const { title, error } of defects) assert.equal(wireErrorOf(error, undefined), undefined, title);
  });

  it('follows the nearest error with a known code', () => {
    const refused = Object.assign(new Error('refused'), { code: 'ECONNREFUSED' });
    const late = Object.assign(new Error('late', { cause: refused }), { code: 'ETIMEDOUT' });
    assert.equal(wireErrorOf(new Error('failed', { cause: late }), undefined), 'timeout');
  });

  it('is `aborted` once the signal of the caller has fired', () => {
    for (const { error } of [...outages, ...defects]) {
      assert.equal(wireErrorOf(error, AbortSignal.abort()), 'aborted');
      assert.equal(wireErrorOf(error, AbortSignal.abort(new DOMException('late', 'TimeoutError'))), 'timeout');
      assert.notEqual(wireErrorOf(error, new AbortController().signal), 'aborted');
    }
  });
});
