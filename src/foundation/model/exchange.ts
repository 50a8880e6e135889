/**
 * A request that an auth server marked with an idempotency key, and the id of the `resource` that it made; without one
 * it is under way. `id` is a digest of auth server and key, `digest` a keyed digest of the content. Times are epoch ms.
 */
export type KeptRequest = { id: string; digest: string; resource?: string; begunAt: number; endsAt: number };
