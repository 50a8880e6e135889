import { z } from 'zod';
import type { Asker } from '../../../engine/index.ts';
import { type Keyring, sealedFor } from '../../../foundation/keyring/index.ts';
import { callbackId, type OutboxMessage, parseJson } from '../../../foundation/model/index.ts';

/**
 * What a callback needs. `transaction` is absent when nobody was asked; `token` is the bearer token of the request, the
 * only credential of the callback. Times are epoch ms.
 */
export type Callback = {
  token: string;
  jti: string;
  acceptedAt: number;
  expiresAt: number;
  transaction?: string | undefined;
  asker: Asker;
};

const Stored = z.object({
  token: z.string(),
  jti: z.string(),
  acceptedAt: z.number(),
  expiresAt: z.number(),
  transaction: z.string().optional(),
  asker: z.looseObject({ authServer: z.string(), dialect: z.string(), client: z.string(), userAgent: z.string() }),
});

/** The target of all callbacks to one realm of a Keycloak. */
export const callbackTarget = (name: string): string => `ciba:${name}`;

/** The sealed message of a callback, due at `dueAt`: a decision of its transaction makes it due before that. */
export function callbackMessage(keyring: Keyring, callback: Callback, dueAt: number): OutboxMessage {
  const { asker, transaction, jti, acceptedAt, expiresAt } = callback;
  const id = transaction === undefined ? `callback:${asker.authServer}:${jti}` : callbackId(transaction);
  return {
    id,
    target: callbackTarget(asker.authServer),
    order: id,
    position: 0,
    authServer: asker.authServer,
    payload: keyring.seal(sealedFor.message(id), Buffer.from(JSON.stringify(callback))),
    createdAt: acceptedAt,
    dueAt,
    endsAt: expiresAt,
    attempts: 0,
    state: 'waiting',
  };
}

/** Opens a message. Throws `config-invalid` when its key is missing. */
export const openCallback = (keyring: Keyring, { id, payload }: OutboxMessage): Callback =>
  Stored.parse(parseJson(keyring.open(sealedFor.message(id), payload).toString()));
