import { EventEmitter } from 'node:events';

/** Listeners by key. Only this process uses the file, so it hears of every change. */
export type Listeners = {
  /** Adds a listener; one listener can be added twice. Returns how to remove it. */
  add(key: string, listener: () => void): () => void;
  tell(key: string): void;
};

/** A prefix avoids `error` and other names with a meaning for emitters. */
const eventOf = (key: string): string => `of ${key}`;

/** Opens an empty set of listeners. */
export function openListeners(): Listeners {
  const emitter = new EventEmitter().setMaxListeners(0);
  return {
    add(key, listener) {
      const told = (): void => listener();
      emitter.on(eventOf(key), told);
      return () => void emitter.off(eventOf(key), told);
    },
    tell: (key) => void emitter.emit(eventOf(key)),
  };
}
