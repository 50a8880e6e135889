import assert from 'node:assert/strict';
import { ownOf } from '../../../../src/engine/challenges/finish.ts';
import { decide } from '../../../../src/engine/decisions/decide.ts';
import { effectsOf } from '../../../../src/engine/decisions/effects.ts';
import { statusOf } from '../../../../src/engine/decisions/status.ts';
import { type Explored, explore } from './explore.ts';
import { mutants } from './mutants.ts';
import { scenarios } from './scenario.ts';
import type { Parts } from './world.ts';

/** `npm run explore` goes deeper, and says what it saw of each scenario. */
const isLong = process.env.PUSHGATE_EXPLORE === 'long';
/** No mutant that is found hides deeper than this. */
const mutantDepth = 9;

const createdAt = 0;
const parts: Parts = {
  decide: (decision, event, now) => decide({ createdAt, decision }, event, now),
  effectsOf,
  statusOf: (decision, now) => statusOf({ createdAt, decision }, now),
  ownOf,
  mayWrite: (stored, seen) => stored.version === seen.version,
  afterConflict: 'decides again',
  tells: 'after the write',
  isCounted: (done, id) => done.includes(id),
};

const inWords = ({ broken }: Explored): string => (broken ? `${broken.promise}:\n  ${broken.path.join('\n  ')}` : '');

describe('Two gateways, their store, phones and servers', function () {
  this.timeout(isLong ? 0 : 120_000);

  it('keep their promises in whatever order things happen', () => {
    const sum = { scenarios: 0, states: 0, steps: 0 };
    for (const scenario of scenarios) {
      const depth = isLong ? scenario.depths.long : scenario.depths.short;
      if (depth === 0) continue;
      const explored = explore(scenario, parts, depth);
      assert.equal(inWords(explored), '', scenario.title);
      sum.scenarios += 1;
      sum.states += explored.states;
      sum.steps += explored.steps;
      if (isLong) process.stdout.write(`      ${explored.states} states, ${explored.steps} steps, depth ${depth}: ${scenario.title}\n`);
    }
    process.stdout.write(`      ${sum.states} states, ${sum.steps} steps, ${sum.scenarios} scenarios\n`);
    assert.ok(sum.states > 100_000, 'there were enough of them to mean something');
  });

  for (const [name, { where = 'confirm,', spoils }] of Object.entries(mutants)) {
    it(`would be caught if one ${name}`, () => {
      const [kind = '', isSlow] = where.split(' slowly');
      const fitting = scenarios.filter((each) => each.title.startsWith(kind) && each.isSlow === (isSlow !== undefined));
      const spoilt = { ...parts, ...spoils(parts) };
      const found = fitting.some((scenario) => explore(scenario, spoilt, mutantDepth, 100_000).broken);
      assert.ok(found, 'nobody noticed');
    });
  }
});
