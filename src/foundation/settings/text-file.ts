import { isUtf8 } from 'node:buffer';
import { readFileSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { ok, type Result, refused, systemCode } from '../model/index.ts';

/**
 * Decodes a text file from any editor: UTF-8, or UTF-16 with its byte order mark, which is removed. The error is a
 * clause that describes the problem without quoting the file.
 */
export function textOf(bytes: Buffer): Result<string, string> {
  const encoding = bytes[0] === 0xff && bytes[1] === 0xfe ? 'utf-16le' : bytes[0] === 0xfe && bytes[1] === 0xff ? 'utf-16be' : 'utf-8';
  if (encoding === 'utf-8' && !isUtf8(bytes)) return refused('is not UTF-8; save it as that, and a key or certificate as PEM');
  return ok(new TextDecoder(encoding).decode(bytes));
}

/** Reads a text file. The error is a clause with the system's code, or that of {@link textOf}. */
export function readTextFile(path: string): Result<string, string> {
  try {
    return textOf(readFileSync(path));
  } catch (error) {
    return unreadable(error);
  }
}

/** The same, asynchronously. */
export const readTextFileLater = (path: string): Promise<Result<string, string>> => readFile(path).then(textOf, unreadable);

const unreadable = (error: unknown): Result<string, string> => refused(`cannot be read (${systemCode(error)})`);
