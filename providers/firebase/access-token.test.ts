import assert from 'node:assert/strict';
import { openLog } from '../../src/foundation/telemetry/index.ts';
import { fakeClock, minutes, seconds } from '../../test/kit/clock.ts';
import { type Granted, openAccessTokens } from './access-token.ts';

describe('The access token of a firebase provider', () => {
  const soon = () => AbortSignal.timeout(5000);
  const refused: Granted = { ok: false, error: { kind: 'unavailable', reason: 'server' } };

  /** A source that replies on demand; `asked` counts the requests, and each reply is a new token for one hour. */
  const given = (lifeMs = minutes(60)) => {
    const clock = fakeClock();
    const asked: { answer(granted?: Granted): Promise<void>; signal: AbortSignal }[] = [];
    const source = (signal: AbortSignal): Promise<Granted> =>
      new Promise((resolve) => {
        const token = `token-${asked.length + 1}`;
        const answer = async (granted: Granted = { ok: true, value: { token, project: 'acme', expiresAt: clock() + lifeMs } }) => {
          resolve(granted);
          await new Promise((done) => setImmediate(done));
        };
        asked.push({ answer, signal });
      });
    const tokens = openAccessTokens(source, { clock, log: openLog('silent') });
    const answer = (index: number, granted?: Granted) => (asked[index] ?? assert.fail(`asked ${asked.length} times`)).answer(granted);
    const at = async (granted: Promise<Granted>): Promise<string> => {
      const result = await granted;
      return result.ok ? result.value.token : `${result.error.kind} ${result.error.reason}`;
    };
    return { clock, tokens, asked, answer, at };
  };
  const givenToken = async (lifeMs?: number) => {
    const parts = given(lifeMs);
    const first = parts.tokens.get(soon());
    await parts.answer(0);
    const granted = await first;
    assert.ok(granted.ok);
    return { ...parts, grant: granted.value };
  };

  it('is requested once, however many callers wait, and cached', async () => {
    const { tokens, asked, answer, at } = given();
    const waiting = Array.from({ length: 50 }, () => at(tokens.get(soon())));
    await answer(0);
    assert.deepEqual(new Set(await Promise.all(waiting)), new Set(['token-1']));
    assert.equal(await at(tokens.get(soon())), 'token-1');
    assert.equal(asked.length, 1);
  });

  it('is renewed five minutes before it expires, and used until the new one arrives', async () => {
    const { clock, tokens, asked, answer, at } = await givenToken();
    clock.advance(minutes(55) - 1);
    assert.equal(await at(tokens.get(soon())), 'token-1');
    assert.equal(asked.length, 1);
    clock.advance(1);
    assert.deepEqual([await at(tokens.get(soon())), await at(tokens.get(soon())), asked.length], ['token-1', 'token-1', 2]);
    await answer(1);
    assert.equal(await at(tokens.get(soon())), 'token-2');
  });

  it('stays in use after a failed renewal, is requested again half a minute later, and is never used after its expiry', async () => {
    const { clock, tokens, asked, answer, at } = await givenToken();
    clock.advance(minutes(55));
    await tokens.get(soon());
    await answer(1, refused);
    assert.deepEqual([await at(tokens.get(soon())), asked.length], ['token-1', 2]);
    clock.advance(seconds(30));
    assert.deepEqual([await at(tokens.get(soon())), asked.length], ['token-1', 3]);
    await answer(2, refused);
    clock.advance(minutes(5));
    const waiting = at(tokens.get(soon()));
    await answer(3, refused);
    assert.equal(await waiting, 'unavailable server');
  });

  it('is renewed at half of a short lifetime', async () => {
    const { clock, tokens, asked } = await givenToken(minutes(4));
    clock.advance(minutes(2) - 1);
    await tokens.get(soon());
    assert.equal(asked.length, 1);
    clock.advance(1);
    await tokens.get(soon());
    assert.equal(asked.length, 2);
  });

  it('still reaches the other callers when one of them gives up', async () => {
    const { tokens, asked, answer, at } = given();
    const impatient = new AbortController();
    const [gone, late, patient] = [tokens.get(impatient.signal), tokens.get(AbortSignal.timeout(1)), tokens.get(soon())];
    impatient.abort();
    assert.deepEqual([await at(gone), await at(late)], ['unavailable aborted', 'unavailable timeout']);
    assert.equal(asked[0]?.signal.aborted, false);
    await answer(0);
    assert.equal(await at(patient), 'token-1');
  });

  it('is replaced once, however many pushes were refused with it', async () => {
    const { tokens, asked, answer, at, grant } = await givenToken();
    const waiting = [at(tokens.renewed(grant, soon())), at(tokens.renewed(grant, soon()))];
    await answer(1);
    assert.deepEqual(await Promise.all(waiting), ['token-2', 'token-2']);
    assert.equal(await at(tokens.renewed(grant, soon())), 'token-2');
    assert.equal(asked.length, 2);
  });

  it('is no longer requested when the provider is closed', async () => {
    const { tokens, asked, at } = given();
    const waiting = at(tokens.get(soon()));
    tokens.close();
    assert.equal(await waiting, 'unavailable aborted');
    assert.equal(asked[0]?.signal.aborted, true);
  });
});
