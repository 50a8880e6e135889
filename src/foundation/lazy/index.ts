import { createRequire } from 'node:module';

const load = createRequire(import.meta.url);

/** Returns a library, loaded on first use. */
export type Lazy<Library> = {
  (): Library;
  /**
   * Loads the library a second from now if it is not loaded yet, when the start is over. Does not keep the process
   * alive.
   */
  soon(): void;
};

const soonMs = 1000;

/**
 * Defers loading a library or a Node module that many installations never need until synchronous code first uses it.
 * Give the module's type: `const qr = onFirstUse<typeof import('qr')>('qr')`. Asynchronous code uses `import()`
 * instead.
 */
export function onFirstUse<Library>(name: string): Lazy<Library> {
  let library: { loaded: Library } | undefined;
  const use = (): Library => {
    library ??= { loaded: load(name) };
    return library.loaded;
  };
  return Object.assign(use, { soon: () => void setTimeout(() => tryTo(use), soonMs).unref() });
}

function tryTo(use: () => unknown): void {
  try {
    use();
  } catch {
    // The error reappears at the first use.
  }
}
