import { createRequire } from 'node:module';

const load = createRequire(import.meta.url);

/** The library for HTTP, loaded at its first use: a gateway whose phones poll needs none. */
export const undici = (): typeof import('undici') => load('undici');
