import type { SourceFailure } from '../../foundation/model/index.ts';
import type { Metrics } from '../../foundation/telemetry/index.ts';
import type { UserSource } from './user-source.ts';

/** A watched source of users, or a RADIUS service, which has a separate namespace. */
export type Watched = { name: string; kind: string };

/** Measures how long a source takes, whether it is up, and why not. Does nothing without metrics. */
export type SourceWatch = {
  /** Counts a server or file that could not be used; another server may have answered. */
  failed(reason: SourceFailure): void;
  /**
   * Times a question. An unanswered one marks the source as down; with `answersProve`, an answered one marks it as up,
   * for a source without a check.
   */
  timed<Answer>(ask: () => Promise<Answer>, isDown: (answer: Answer) => boolean, answersProve?: 'answers-prove'): Promise<Answer>;
  /** Wraps a source to watch it. Its answers may be cached, so only its check marks it as up again. */
  around(source: UserSource): UserSource;
};

/** Opens the watch of one source, which starts as up. */
export function openSourceWatch(metrics: Metrics | undefined, { name, kind }: Watched): SourceWatch {
  if (!metrics) return { failed: () => undefined, timed: (ask) => ask(), around: (source) => source };
  const { up, seconds, failures } = metrics.userSources;
  const labels = { source: name, kind };
  up.set(labels, 1);
  for (const each of [seconds, failures]) each.startAtZero(labels);
  const timed: SourceWatch['timed'] = async (ask, isDown, answersProve) => {
    const begun = performance.now();
    const answer = await ask();
    const down = isDown(answer);
    seconds.observe({ ...labels, outcome: down ? 'unavailable' : 'answered' }, (performance.now() - begun) / 1000);
    if (down || answersProve) up.set(labels, down ? 0 : 1);
    return answer;
  };
  return {
    failed: (reason) => failures.inc({ ...labels, reason }),
    timed,
    around: (source) => ({
      find: (user) =>
        timed(
          () => source.find(user),
          ({ kind: found }) => found === 'unavailable',
        ),
      checkPassword: (user, password) =>
        timed(
          () => source.checkPassword(user, password),
          (verdict) => verdict === 'unavailable',
        ),
      async check(signal) {
        const result = await source.check(signal);
        up.set(labels, result.ok ? 1 : 0);
        return result;
      },
      forget: (user) => source.forget?.(user),
      close: () => source.close(),
    }),
  };
}
