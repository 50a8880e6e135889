import type { OutboxMessage } from '../../foundation/model/index.ts';

/** A message for its target: the payload is as it was added. */
export type OpenMessage = Pick<OutboxMessage, 'id' | 'authServer' | 'createdAt' | 'attempts'> & { payload: string };

/**
 * The end of one attempt. `error` is a word or an HTTP status, without a secret. `again`: it failed, and the message may
 * be sent again, by default after the usual delay; for a message that may be sent once only, the target must be certain
 * that nothing was sent. `later`: it is too early, which is no failure. `never`: the target refused it for good, or the
 * outcome is not known.
 */
export type Sent =
  | { kind: 'done' }
  | { kind: 'again'; error: string; afterMs?: number }
  | { kind: 'later'; afterMs: number }
  | { kind: 'never'; error: string };

/** A receiver of messages. */
export type OutboxTarget = {
  /** Sends a message before `signal` aborts. */
  send(message: OpenMessage, signal: AbortSignal): Promise<Sent>;
  /**
   * Whether a message may be sent once only. It is `begun` in the store before `send`; if its gateway then dies, it is
   * dead. Without this, each message is sent at least once.
   */
  isOnce?(payload: string): boolean;
  /** Its messages become due at moments that matter: they are looked for every second. */
  isPrompt?: boolean;
};

/** A message to add. By default it is due at once, and given up after 24 hours. */
export type NewMessage = Pick<OutboxMessage, 'id' | 'target' | 'order' | 'position' | 'authServer'> & {
  payload: string;
  dueAt?: number;
  lifeMs?: number;
};
