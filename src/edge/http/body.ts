import type { IncomingMessage } from 'node:http';
import getRawBody from 'raw-body';
import { ok, type Result, refused } from '../../foundation/model/index.ts';

/** The largest body that is read. */
export const maxBodyBytes = 65_536;

/** Reads the whole body. `broken`: it ended early, or its length was not what it said. */
export async function readBody(request: IncomingMessage): Promise<Result<Buffer, 'too-large' | 'broken'>> {
  try {
    return ok(await getRawBody(request, { limit: maxBodyBytes, length: request.headers['content-length'] ?? null }));
  } catch (error) {
    const isTooLarge = error instanceof Error && 'type' in error && error.type === 'entity.too.large';
    // What is still on its way is read and thrown away, so that the client gets the reply and not a reset.
    request.resume();
    return refused(isTooLarge ? 'too-large' : 'broken');
  }
}
