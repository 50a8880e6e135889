/** Lets those who come with the same key go one after the other, and all others at once. */
export type Turns = {
  <T>(key: string, work: () => Promise<T>): Promise<T>;
  /** Whether somebody with this key is at work. */
  isBusy(key: string): boolean;
};

/** Opens turns where nobody waits. */
export function openTurns(): Turns {
  const last = new Map<string, Promise<unknown>>();
  const inTurn = <T>(key: string, work: () => Promise<T>): Promise<T> => {
    const turn = (last.get(key) ?? Promise.resolve()).then(work, work);
    last.set(key, turn);
    const leave = (): void => {
      if (last.get(key) === turn) last.delete(key);
    };
    turn.then(leave, leave);
    return turn;
  };
  return Object.assign(inTurn, { isBusy: (key: string) => last.has(key) });
}
