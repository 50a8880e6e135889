import assert from 'node:assert/strict';
import { ldapts } from '../../../../src/engine/users/ldap/library.ts';
import { isRefusal, isTooMuch, problemOf } from '../../../../src/engine/users/ldap/problem.ts';
import { defects, outages } from '../../../kit/outages.ts';

describe('A failure at an LDAP server', () => {
  const signal = new AbortController().signal;

  it('is an outage of that server by what happened, never a wrong password and never a defect', () => {
    for (const { title, error, means } of outages) assert.equal(problemOf(error, signal).split(',')[0], means, title);
    for (const { title, error } of defects) assert.equal(problemOf(error, signal), 'connection', title);
    for (const { error } of [...outages, ...defects]) assert.ok(!isRefusal(error) && !isTooMuch(error));
  });

  it('is told by its number where the server says it', () => {
    assert.equal(problemOf(new (ldapts().BusyError)(), signal), 'LDAP result 51');
  });
});
