import { existsSync, mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { type Browser, type BrowserContextOptions, chromium, type Page } from 'playwright-core';
import { haveProgram } from './debian.ts';
import type { Cleanup } from './temporary.ts';

const program = '/usr/bin/chromium';

/** Whether Chromium is here; installs it where possible. */
export const haveChromium = (): boolean =>
  haveProgram({ name: 'Chromium', packages: ['chromium'], unproved: 'the pages in a browser', isThere: () => existsSync(program) });

let shared: Promise<Browser> | undefined;

/** A fresh page of a browser that all tests of this process share. `faults` collects what went wrong in it. */
export async function givenBrowserPage(undo: Cleanup, options: BrowserContextOptions = {}): Promise<{ page: Page; faults: string[] }> {
  shared ??= chromium.launch({ executablePath: program, args: ['--no-sandbox', '--disable-dev-shm-usage'] });
  const context = await (await shared).newContext({ locale: 'en-GB', viewport: { width: 900, height: 700 }, ...options });
  undo.later(() => context.close());
  const page = await context.newPage();
  const faults: string[] = [];
  page.on('pageerror', (error) => faults.push(String(error)));
  page.on('console', (message) => {
    if (message.type() === 'error') faults.push(message.text());
  });
  return { page, faults };
}

/** Closes the shared browser; the last hook of a file. */
export async function closeBrowser(): Promise<void> {
  const open = await shared;
  shared = undefined;
  await open?.close();
}

/** Keeps a picture of a page for people to look at: build/pictures/NAME.png. */
export async function keepPicture(page: Page, name: string): Promise<void> {
  mkdirSync('build/pictures', { recursive: true });
  await page.screenshot({ path: join('build/pictures', `${name}.png`) });
}
