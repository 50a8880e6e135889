import type { SourceFailure } from '../../foundation/model/index.ts';
import type { Metrics } from '../../foundation/telemetry/index.ts';
import type { UserSource } from './user-source.ts';

/** Who is watched: a source of users, or a RADIUS service, which has names of its own. */
export type Watched = { name: string; kind: string };

/** Sees how long a source takes, whether it can be asked, and why not. Without metrics it sees nothing. */
export type SourceWatch = {
  /** A server or a file could not be used; another server may have answered. */
  failed(reason: SourceFailure): void;
  /** Times a question. A source that nobody answers for is down; `answersProve`: one that answers is up, since it has no other check. */
  timed<Answer>(ask: () => Promise<Answer>, isDown: (answer: Answer) => boolean, answersProve?: 'answers-prove'): Promise<Answer>;
  /** The same source, watched. Its users may be remembered, so only its check says that it is up again. */
  around(source: UserSource): UserSource;
};

/** Opens the watch over one source, which counts as up until something else is seen. */
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
