import assert from 'node:assert/strict';
import { wireErrorOf } from '../../../src/foundation/wire/index.ts';
import { defects, outages } from '../../kit/outages.ts';

describe('What an exception means', () => {
  it('is told by its code or name, whatever its class and however deep it is', () => {
    for (const { title, error, means } of outages) assert.equal(wireErrorOf(error, undefined), means, title);
  });

  it('is nothing of the wire for a defect', () => {
    for (const { title, error } of defects) assert.equal(wireErrorOf(error, undefined), undefined, title);
  });

  it('is told by the nearest error that says something', () => {
    const refused = Object.assign(new Error('refused'), { code: 'ECONNREFUSED' });
    const late = Object.assign(new Error('late', { cause: refused }), { code: 'ETIMEDOUT' });
    assert.equal(wireErrorOf(new Error('failed', { cause: late }), undefined), 'timeout');
  });

  it('is the end of the caller once their signal has fired', () => {
    for (const { error } of [...outages, ...defects]) {
      assert.equal(wireErrorOf(error, AbortSignal.abort()), 'aborted');
      assert.equal(wireErrorOf(error, AbortSignal.abort(new DOMException('late', 'TimeoutError'))), 'timeout');
      assert.notEqual(wireErrorOf(error, new AbortController().signal), 'aborted');
    }
  });
});
