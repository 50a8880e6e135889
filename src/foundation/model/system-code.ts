/** The code of an error of the operating system or of Node (`ENOENT`, `EADDRINUSE`, …); `unknown` where it has none. */
export function systemCode(error: unknown): string {
  return error instanceof Error && 'code' in error && typeof error.code === 'string' ? error.code : 'unknown';
}
