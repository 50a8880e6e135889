import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { getPriority } from 'node:os';
import { type KeyWorkerPace, startKeyWorker } from '../../../src/foundation/keyring/key-worker.ts';
import { childOf, childrenOf, comesTrue, isAlive, priorityOf } from '../../kit/processes.ts';
import { cleanup } from '../../kit/temporary.ts';

const bits = 2048;

describe('The process that makes keys', function () {
  this.timeout(60_000);
  const undo = cleanup();
  afterEach(() => undo.run());
  before(function () {
    if (process.platform !== 'linux') this.skip();
  });

  const given = async (pace: KeyWorkerPace = 'spare') => {
    const before = childrenOf(process.pid);
    const worker = startKeyWorker(pace);
    undo.later(() => worker.stop());
    const pid = await childOf(process.pid, before);
    return { worker, pid, first: await worker.make(bits) };
  };

  for (const { pace, nice } of [
    { pace: 'spare', nice: 19 },
    { pace: 'usual', nice: getPriority() },
  ] as const)
    it(`makes another pair each time, at the priority of its pace: ${pace}`, async () => {
      const { worker, pid, first } = await given(pace);
      const second = await worker.make(bits);
      assert.notEqual(second.publicKey, first.publicKey);
      assert.equal(priorityOf(pid), nice);
    });

  it('knows nothing of the environment of the gateway, and its command line holds its program and its pace', async () => {
    process.env.PUSHGATE_TEST_SECRET = 'hidden';
    undo.later(() => {
      delete process.env.PUSHGATE_TEST_SECRET;
    });
    const { pid } = await given();
    assert.doesNotMatch(readFileSync(`/proc/${pid}/environ`, 'utf8'), /hidden|HOME|PATH=/);
    assert.equal(readFileSync(`/proc/${pid}/cmdline`, 'utf8').split('\0').filter(Boolean).length, 3);
  });

  it('survives the signals that a terminal or a service manager sends to every process', async () => {
    const { worker, pid } = await given();
    for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.kill(pid, signal);
    assert.match((await worker.make(bits)).publicKey, /^MII/);
  });

  it('reports its end to callers that wait for a key and to callers that ask later', async () => {
    const { worker, pid } = await given();
    const waiting = worker.make(4096);
    process.kill(pid, 'SIGKILL');
    await assert.rejects(waiting, /the process that makes keys ended \(SIGKILL\)/);
    await assert.rejects(worker.make(bits), /the process that makes keys ended \(SIGKILL\)/);
  });

  it('ends when it is stopped, in the middle of a key', async () => {
    const { worker, pid } = await given();
    const waiting = assert.rejects(worker.make(4096));
    await worker.stop();
    await waiting;
    await comesTrue(() => !isAlive(pid));
  });
});
