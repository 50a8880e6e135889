import { z } from 'zod';
import { callbackId, parseJson } from '../../../foundation/model/index.ts';

/** The request that a callback belongs to: its bearer token is the only credential of the callback. Times are epoch ms. */
const request = { token: z.string(), jti: z.string(), acceptedAt: z.number(), expiresAt: z.number() };

const Payload = z.discriminatedUnion('kind', [
  /** Waits for the result of a transaction; policies see `asker` when its approval is taken. */
  z.object({
    kind: z.literal('awaited'),
    ...request,
    transaction: z.string(),
    asker: z.looseObject({ authServer: z.string(), dialect: z.string(), client: z.string(), userAgent: z.string() }),
  }),
  /** The result, decided once and for all. Without a transaction nobody was asked. */
  z.object({
    kind: z.literal('decided'),
    ...request,
    transaction: z.string().optional(),
    status: z.enum(['SUCCEED', 'CANCELLED', 'UNAUTHORIZED']),
  }),
]);

/** A message to Keycloak: a result that is awaited, or one that is decided. */
export type Callback = z.output<typeof Payload>;
/** A result that is awaited. */
export type AwaitedCallback = Extract<Callback, { kind: 'awaited' }>;
/** A result that is decided. */
export type DecidedCallback = Extract<Callback, { kind: 'decided' }>;

/** Ends are told by the target, so no message is given up before that. */
const spareMs = 10 * 60_000;

/** The target of all callbacks to one realm of a Keycloak. */
export const callbackTargetName = (authServer: string): string => `ciba:${authServer}`;

/** Reads the payload of a message. */
export const readCallback = (payload: string): Callback => Payload.parse(parseJson(payload));

/**
 * The message of a callback, due at `dueAt`. A decision makes an awaited one due before that. The first decision about a
 * request stands, since later messages have the same id.
 */
export function callbackMessage(authServer: string, callback: Callback, dueAt: number) {
  const id = callback.kind === 'awaited' ? callbackId(callback.transaction) : `callback:${authServer}:${callback.jti}`;
  const lifeMs = Math.max(0, callback.expiresAt - callback.acceptedAt) + spareMs;
  return {
    id,
    target: callbackTargetName(authServer),
    order: id,
    position: 0,
    authServer,
    payload: JSON.stringify(callback),
    dueAt,
    lifeMs,
  };
}
