import assert from 'node:assert/strict';
import { type LoggedName, openLog, withNames } from '../../../src/foundation/telemetry/index.ts';

describe('A log without names of persons', () => {
  const asked: LoggedName[] = [];
  const lineOf = (fields: object): Record<string, unknown> => {
    const lines: string[] = [];
    const log = openLog('info', { write: (line: string) => void lines.push(line) });
    withNames(log, (name) => `<${asked.push(name)}>`).info(fields, 'said');
    return JSON.parse(lines[0] ?? '{}');
  };
  beforeEach(() => void asked.splice(0));

  it('has a replacement wherever a name stands, and knows the realm one level up', () => {
    const line = lineOf({
      user: 'alice',
      realm: 'corp',
      by: { administrator: 'root@corp', client: '10.0.0.1' },
      users: [{ names: ['Bob', 'bob'], resolver: 'ad', userid: 'uid=bob' }],
    });
    assert.deepEqual([line.user, line.realm, line.by], ['<1>', 'corp', { administrator: '<2>', client: '10.0.0.1' }]);
    assert.deepEqual(line.users, [{ names: ['<3>', '<4>'], resolver: 'ad', userid: '<5>' }]);
    assert.deepEqual(asked[4], { kind: 'userid', name: 'uid=bob', realm: 'corp' });
    assert.deepEqual(asked[1], { kind: 'account', name: 'root@corp' });
  });

  it('leaves other texts unchanged', () => {
    const line = lineOf({ user: '', realm: 'corp', serials: ['PIPU1'], attempts: [{ provider: 'fcm', ms: 3 }] });
    assert.deepEqual([line.user, line.serials, line.attempts], ['', ['PIPU1'], [{ provider: 'fcm', ms: 3 }]]);
  });

  it('shows class, code and place of an error, but not its message', () => {
    const { err } = lineOf({ err: Object.assign(new RangeError('no such entry: cn=alice\n  in corp'), { code: 'E1', dn: 'cn=alice' }) });
    const { type, code, stack } = err as Record<string, unknown>;
    assert.deepEqual([type, code], ['RangeError', 'E1']);
    assert.match(String(stack), /^ {4}at .*log-names\.test/);
    assert.doesNotMatch(JSON.stringify(err), /alice/);
  });
});
