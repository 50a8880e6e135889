import assert from 'node:assert/strict';
import { openLog } from '../../../src/foundation/telemetry/index.ts';

describe('The log', () => {
  const lineOf = (fields: object): Record<string, unknown> => {
    const lines: string[] = [];
    openLog('info', { write: (line: string) => void lines.push(line) }).info(fields, 'said');
    return JSON.parse(lines[0] ?? '{}');
  };

  it('writes no secret that a caller passes by mistake, at the top or one level down, and leaves the object of the caller unchanged', () => {
    const given = { pin: '1234', user: 'alice', more: { nonce: 'n', ok: 1 }, list: ['a'] };
    const { pin, user, more, list } = lineOf(given);
    assert.deepEqual([pin, user, more, list], ['[redacted]', 'alice', { nonce: '[redacted]', ok: 1 }, ['a']]);
    assert.deepEqual(given, { pin: '1234', user: 'alice', more: { nonce: 'n', ok: 1 }, list: ['a'] });
  });

  it('shows an error with its code and place, and without the secrets that it carries', () => {
    const { err } = lineOf({ err: Object.assign(new Error('broken'), { code: 'EPIPE', payload: 'secret' }) });
    const { message, code, payload, stack } = err as Record<string, unknown>;
    assert.deepEqual([message, code, payload], ['broken', 'EPIPE', '[redacted]']);
    assert.match(String(stack), /log\.test/);
  });
});
