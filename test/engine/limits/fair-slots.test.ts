import assert from 'node:assert/strict';
import { mock } from 'node:test';
import { openFairSlots } from '../../../src/engine/limits/fair-slots.ts';

describe('Slots that names share', () => {
  /** Slots in which work stays until it is told to end; `done` has the names in the order in which their turn came. */
  const given = (bounds = { slots: 4, waiting: 16 }) => {
    let now = 0;
    const slots = openFairSlots(bounds, () => now);
    const atWork: { name: string; leave: () => void }[] = [];
    const come = (name: string, patienceMs = 2000) =>
      slots.take(name, patienceMs).then((leave) => {
        if (leave === 'late') return 'late';
        atWork.push({ name, leave });
        return 'began';
      });
    const settle = () => new Promise((resolve) => setImmediate(resolve));
    return {
      slots,
      come,
      async names() {
        await settle();
        return atWork.map(({ name }) => name);
      },
      async end(name: string, afterMs = 0) {
        await settle();
        now += afterMs;
        const at = atWork.findIndex((each) => each.name === name);
        atWork.splice(at, 1)[0]?.leave();
        await settle();
      },
    };
  };

  it('leave a place to the next name, whatever one of them holds', async () => {
    const { slots, come, names } = given();
    // given one whose work hangs
    for (let each = 0; each < 6; each += 1) void come('vpn');
    assert.deepEqual([await names(), slots.waiting()], [['vpn', 'vpn', 'vpn'], 3]);
    // when another one comes
    assert.equal(slots.expectedMs('wiki'), 0);
    assert.equal(await come('wiki'), 'began');
    // then it is at work at once, and the first one waits as before
    assert.deepEqual([await names(), slots.waiting()], [['vpn', 'vpn', 'vpn', 'wiki'], 3]);
  });

  it('are taken by turns of names, and of one name in the order of coming', async () => {
    const { come, names, end } = given({ slots: 1, waiting: 16 });
    void come('vpn');
    for (const name of ['vpn', 'vpn', 'wiki', 'vpn', 'wiki']) void come(name);
    const order: string[] = [];
    for (let turn = 0; turn < 6; turn += 1) {
      const [now = ''] = await names();
      order.push(now);
      await end(now);
    }
    assert.deepEqual(order, ['vpn', 'vpn', 'wiki', 'vpn', 'wiki', 'vpn']);
  });

  it('are expected by what work took lately, and by how many wait', async () => {
    const { slots, come, end } = given({ slots: 1, waiting: 40 });
    void come('vpn');
    for (let each = 0; each < 30; each += 1) void come('vpn');
    // given work that takes a second each
    for (let each = 0; each < 20; each += 1) await end('vpn', 1000);
    const expected = slots.expectedMs('vpn');
    assert.ok(expected > 8000 && expected < 11_000, `ten wait before it: ${expected}`);
  });

  it('have no endless queue, and the last part of it is for others', () => {
    const { slots, come } = given({ slots: 0, waiting: 16 });
    for (let each = 0; each < 12; each += 1) void come('vpn', 1);
    assert.equal(slots.expectedMs('vpn'), Number.POSITIVE_INFINITY);
    assert.ok(slots.expectedMs('wiki') < 2000);
  });

  it('are given up by those who have waited long enough, and none is lost by that', async () => {
    mock.timers.enable({ apis: ['setTimeout'] });
    try {
      const { come, end, names } = given({ slots: 1, waiting: 16 });
      void come('vpn');
      const impatient = come('vpn', 2000);
      const patient = come('vpn', 5000);
      mock.timers.tick(2000);
      assert.equal(await impatient, 'late');
      await end('vpn');
      assert.equal(await patient, 'began');
      assert.deepEqual(await names(), ['vpn']);
    } finally {
      mock.timers.reset();
    }
  });
});
