import { onFirstUse } from '../lazy/index.ts';

/**
 * Node's HTTP module, loaded without `import`: that would evaluate all exports, and `WebSocket` among them is a second
 * HTTP client that costs start time and memory.
 */
export const nodeHttp = onFirstUse<typeof import('node:http')>('node:http');

/** Node's HTTP/2 module, which only some providers need. */
export const nodeHttp2 = onFirstUse<typeof import('node:http2')>('node:http2');

/** The reason phrase of a status; undefined for an unknown status. */
export const reasonPhrase = (status: number): string | undefined => nodeHttp().STATUS_CODES[status];
