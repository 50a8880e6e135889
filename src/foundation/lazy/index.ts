import { createRequire } from 'node:module';

const load = createRequire(import.meta.url);

/**
 * A library that many installations never need: loaded when it is first asked for, in the midst of synchronous code. Name the type of its module:
 * `const qr = onFirstUse<typeof import('qr')>('qr')`. Asynchronous code takes `import()`.
 */
export function onFirstUse<Library>(name: string): () => Library {
  let library: { loaded: Library } | undefined;
  return () => {
    library ??= { loaded: load(name) };
    return library.loaded;
  };
}
