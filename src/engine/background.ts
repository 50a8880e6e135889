import { type Log, thrownFields } from '../foundation/telemetry/index.ts';

/** Work that no reply waits for. Failures are logged, and a drain waits for all of it. */
export type Background = {
  /** Starts `work`; `what` names it in the log if it fails. The promise resolves when it ends, successful or not. */
  run(what: string, work: () => Promise<unknown>): Promise<void>;
  /** Resolves when no work is under way. */
  settled(): Promise<void>;
};

/** Opens an empty list of background work. */
export function openBackground(log: Log): Background {
  const underWay = new Set<Promise<void>>();
  return {
    run(what, work) {
      const job = work()
        .catch((error: unknown) => log.error({ ...thrownFields(error), what }, 'background work failed'))
        .then(() => void underWay.delete(job));
      underWay.add(job);
      return job;
    },
    async settled() {
      while (underWay.size > 0) await Promise.all(underWay);
    },
  };
}
