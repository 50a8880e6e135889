import { spawnSync } from 'node:child_process';

/**
 * The URLs of the files that Node loads for a script in its own process, by step. Each step is the body of an
 * asynchronous function; paths start at the root of the repository.
 */
export function loadedFiles(...steps: string[]): string[][] {
  const script = `
    import { registerHooks } from 'node:module';
    const loaded = [];
    registerHooks({ load(url, context, next) { loaded.at(-1)?.push(url); return next(url, context); } });
    ${steps.map((step) => `loaded.push([]); await (async () => { ${step} })();`).join('\n')}
    process.stdout.write(JSON.stringify(loaded));`;
  const { status, stdout, stderr } = spawnSync(process.execPath, ['--input-type=module', '-e', script], { encoding: 'utf8' });
  if (status !== 0) throw new Error(`the script failed: ${stderr}`);
  return JSON.parse(stdout);
}

/** How many of these files belong to a package. */
export const filesOf = (name: string, urls: readonly string[] = []): number =>
  urls.filter((url) => url.includes(`/node_modules/${name}/`)).length;
