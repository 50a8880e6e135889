import { onFirstUse } from '../lazy/index.ts';

/** The library for HTTP, loaded at its first use: a gateway whose phones poll needs none, and one that starts has no time for it. */
export const undici = onFirstUse<typeof import('undici')>('undici');
