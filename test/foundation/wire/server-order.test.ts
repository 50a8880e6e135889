import assert from 'node:assert/strict';
import fc from 'fast-check';
import { openServerOrder, type Tried } from '../../../src/foundation/wire/index.ts';
import { fakeClock, seconds } from '../../kit/clock.ts';

/** How a server behaves. */
type State = 'well' | 'refusing' | 'stumbling' | 'dead';

const tries: Record<State, Tried<State>> = {
  well: { outcome: 'well', server: 'works', isEnd: true },
  refusing: { outcome: 'refusing', server: 'works', isEnd: false },
  stumbling: { outcome: 'stumbling', server: 'works', isEnd: false, isTransient: true },
  dead: { outcome: 'dead', server: 'failed', isEnd: false },
};

describe('The order of servers', () => {
  /** Servers that work until a test says otherwise; `asked`: the servers of the last pass, with their time limits. */
  const given = (servers: readonly string[]) => {
    const clock = fakeClock();
    const order = openServerOrder(servers, clock, seconds(30));
    const states = new Map<string, State>();
    const asked: { server: string; limitMs: number }[] = [];
    const pass = async (budgetMs = seconds(10)): Promise<string[]> => {
      asked.length = 0;
      await order.pass(budgetMs, async (server, limitMs) => {
        asked.push({ server, limitMs });
        return tries[states.get(server) ?? 'well'];
      });
      return asked.map(({ server }) => server);
    };
    const become = (state: State, ...which: string[]): void => {
      for (const server of which) states.set(server, state);
    };
    return { clock, order, asked, pass, become };
  };

  it('is that of the configuration, except for servers that failed recently', async () => {
    const { clock, order, pass, become } = given(['a', 'b', 'c']);
    become('dead', 'a');
    assert.deepEqual(await pass(), ['a', 'b']);
    assert.deepEqual(order.list(), ['b', 'c', 'a']);
    clock.advance(seconds(10));
    become('dead', 'b');
    assert.deepEqual(await pass(), ['b', 'c']);
    assert.deepEqual(order.list(), ['c', 'a', 'b'], 'of those that failed the one that failed first comes first');
    clock.advance(seconds(20));
    assert.deepEqual(order.list(), ['a', 'c', 'b']);
    clock.advance(seconds(10));
    assert.deepEqual(order.list(), ['a', 'b', 'c']);
  });

  it('reports the server in use, and the servers that failed recently', async () => {
    const { clock, order, pass, become } = given(['a', 'b', 'c']);
    const states = () => order.states().map(({ state }) => state);
    assert.deepEqual(states(), ['in-use', 'ready', 'ready']);
    become('refusing', 'a');
    become('dead', 'b');
    await pass();
    assert.deepEqual(states(), ['failing', 'failing', 'in-use']);
    // a recovered server is in use as soon as it did the work
    become('well', 'a');
    await pass();
    assert.deepEqual(states(), ['in-use', 'failing', 'ready']);
    clock.advance(seconds(30));
    assert.deepEqual(states(), ['in-use', 'ready', 'ready']);
    become('dead', 'a', 'b', 'c');
    await pass();
    assert.deepEqual(states(), ['failing', 'failing', 'failing']);
  });

  it('marks the last server as failing too, though there is none to try after it', async () => {
    const order = openServerOrder(['a'], fakeClock(), seconds(30));
    const pass = (server: Tried<string>['server']) => order.pass(seconds(1), async () => ({ outcome: server, server, isEnd: true }));
    const state = () => order.states()[0]?.state;
    await pass('failed');
    assert.equal(state(), 'failing');
    // a caller that gave up proves nothing, neither good nor bad
    await pass('unknown');
    assert.equal(state(), 'failing');
    await pass('works');
    assert.equal(state(), 'in-use');
  });

  it('does not change after a reply, whatever the reply', async () => {
    const { pass, become } = given(['a', 'b']);
    become('refusing', 'a', 'b');
    assert.deepEqual(await pass(), ['a', 'b']);
    become('well', 'a');
    assert.deepEqual(await pass(), ['a']);
  });

  it('ends with a second try at servers that failed temporarily, where there are several', async () => {
    const { pass, become } = given(['a', 'b', 'c']);
    become('stumbling', 'a', 'c');
    become('dead', 'b');
    assert.deepEqual(await pass(), ['a', 'b', 'c', 'a', 'c']);
    const single = given(['a']);
    single.become('stumbling', 'a');
    assert.deepEqual(await single.pass(), ['a']);
  });

  it('includes every working server, whatever happened before', async () => {
    const state = fc.constantFrom<State>('well', 'refusing', 'dead');
    const step = fc.record({ states: fc.array(state, { minLength: 4, maxLength: 4 }), ms: fc.nat(40_000) });
    await fc.assert(
      fc.asyncProperty(fc.array(step), fc.constantFrom('0', '1', '2', '3'), async (steps, wellOne) => {
        const { clock, pass, become } = given(['0', '1', '2', '3']);
        for (const { states, ms } of steps) {
          for (const [server, each] of states.entries()) become(each, String(server));
          clock.advance(ms);
          await pass();
        }
        // when one of them is well, and no other
        become('dead', '0', '1', '2', '3');
        become('well', wellOne);
        // then the next pass ends there, and tried no server twice
        const asked = await pass();
        assert.deepEqual([asked.at(-1), new Set(asked).size], [wellOne, asked.length]);
      }),
    );
  });

  it('gives each server an even share of the time', async () => {
    const { asked, pass, become } = given(['a', 'b', 'c', 'd']);
    become('dead', 'a', 'b', 'c', 'd');
    await pass(seconds(12));
    // Hardly any of it was used, so later servers get all of the rest.
    const shares = asked.map(({ limitMs }) => Math.round(limitMs / seconds(1)));
    assert.deepEqual(shares, [3, 4, 6, 12]);
  });

  it('asks no server when no time is left', async () => {
    const { pass } = given(['a', 'b']);
    assert.deepEqual(await pass(0), []);
  });

  it('does not mark a server whose caller gave up', async () => {
    const order = openServerOrder(['a', 'b'], fakeClock(), seconds(30));
    const outcome = await order.pass(seconds(1), async (server) => ({ outcome: server, server: 'unknown', isEnd: true }));
    assert.deepEqual([outcome, order.list()], ['a', ['a', 'b']]);
  });
});
