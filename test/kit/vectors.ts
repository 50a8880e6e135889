import { readFileSync } from 'node:fs';
import { join } from 'node:path';

/**
 * Reads a file of golden vectors from `test/vectors/`, or from the folder in `VECTORS_DIR`, to run other files of the
 * same shape: `VECTORS_DIR=… npm test -- --grep vectors`.
 */
export function readVectors<T>(file: string): T {
  return JSON.parse(readFileSync(join(process.env.VECTORS_DIR ?? 'test/vectors', file), 'utf8'));
}
