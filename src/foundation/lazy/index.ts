import { createRequire } from 'node:module';

const load = createRequire(import.meta.url);

/** Gives a library, which its first use loads. */
export type Lazy<Library> = {
  (): Library;
  /** Loads it a second from now, where it was not used before: it will be, and a start that is not held up is over by then. Holds no process. */
  soon(): void;
};

const soonMs = 1000;

/**
 * A library, or a module of Node, that many installations never need: loaded when it is first asked for, in the midst of synchronous code. Name the type of its
 * module: `const qr = onFirstUse<typeof import('qr')>('qr')`. Asynchronous code takes `import()`.
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
    // Whoever uses it is told.
  }
}
