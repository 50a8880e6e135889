import { onFirstUse } from '../lazy/index.ts';

/**
 * The HTTP library, loaded at its first use: it would delay a start, and a gateway whose phones only poll does not need
 * it.
 */
export const undici = onFirstUse<typeof import('undici')>('undici');
