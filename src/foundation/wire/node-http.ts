import { onFirstUse } from '../lazy/index.ts';

/**
 * Node's HTTP, without what an `import` of it would load besides: that reads everything that it exports, and one of these (`WebSocket`) is a whole second
 * client, of which neither a start nor the memory has any use.
 */
export const nodeHttp = onFirstUse<typeof import('node:http')>('node:http');

/** Node's HTTP/2, which some providers speak. */
export const nodeHttp2 = onFirstUse<typeof import('node:http2')>('node:http2');

/** The phrase that goes with a status; undefined where it is none. */
export const reasonPhrase = (status: number): string | undefined => nodeHttp().STATUS_CODES[status];
