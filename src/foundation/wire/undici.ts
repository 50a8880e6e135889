import { onFirstUse } from '../lazy/index.ts';

/** The library for HTTP, loaded at its first use: a gateway whose phones poll needs none. */
export const undici = onFirstUse<typeof import('undici')>('undici');
