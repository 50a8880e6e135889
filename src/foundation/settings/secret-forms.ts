/**
 * Repairs keys and key files. Shells, env files, container orchestrators and secret stores remove line breaks or add
 * quotes, escapes or base64. Unambiguous damage is undone; any other damage is named in the error.
 */
import { createPrivateKey, createPublicKey, type KeyObject } from 'node:crypto';
import { ok, parseJson, type Result, refused } from '../model/index.ts';

/** Removes one wrapping from a text; undefined when the text does not have it. */
type Repair = (text: string) => string | undefined;

/** Repairs can be nested: base64 of base64 in quotes does occur. */
const maxRepairs = 4;
const longest = 100_000;

const trimmed: Repair = (text) => text.replace(/^\uFEFF/, '').trim();
const unquoted: Repair = (text) => /^(["'])([\s\S]*)\1$/.exec(text)?.[2];
const lineBreaks: Repair = (text) => (/\\+[rn]/.test(text) ? text.replace(/(?:\\+r)?\\+n/g, '\n') : undefined);

const fromBase64: Repair = (text) => {
  const bare = text.replace(/\s|\\+[rn]/g, '');
  if (bare.length < 16 || !/^[A-Za-z0-9+/_-]+={0,2}$/.test(bare)) return undefined;
  const decoded = Buffer.from(bare, 'base64').toString('utf8');
  return decoded.includes('\uFFFD') ? undefined : decoded;
};

/** The first text that fits, with as few repairs as possible. */
function repaired(text: string, fits: (text: string) => boolean, repairs: readonly Repair[]): string | undefined {
  if (text.length > longest) return fits(text) ? text : undefined;
  const seen = new Set([text]);
  let texts = [text];
  for (let depth = 0; depth <= maxRepairs; depth += 1) {
    const found = texts.find(fits);
    if (found !== undefined) return found;
    texts = texts.flatMap((each) =>
      repairs.flatMap((repair) => {
        const next = repair(each);
        if (next === undefined || seen.has(next)) return [];
        seen.add(next);
        return [next];
      }),
    );
  }
  return undefined;
}

const pemBlock = /-----BEGIN ([A-Z0-9 ]+)-----([\s\S]*?)-----END \1-----/g;
const wholeBody = /^\s*\r?\n[^\\]*$/;

const isPem = (text: string): boolean => {
  const blocks = [...text.matchAll(pemBlock)];
  return blocks.length > 0 && blocks.every(({ index, 2: body = '' }) => wholeBody.test(body) && (index === 0 || text[index - 1] === '\n'));
};

/** Restores the line breaks of PEM. Leaves blocks with headers alone: their line breaks have a meaning. */
const inLines: Repair = (text) => {
  const lines = text.replace(pemBlock, (block, label: string, body: string) => {
    const bare = body.replace(/\\+[rn]|\\|\s/g, '');
    if (!/^[A-Za-z0-9+/]+={0,2}$/.test(bare)) return block;
    return [`-----BEGIN ${label}-----`, ...(bare.match(/.{1,64}/g) ?? []), `-----END ${label}-----`, ''].join('\n');
  });
  return lines.replace(/-----\n[ \t]+(?=-----BEGIN)/g, '-----\n');
};

/** Repairs a PEM text; returns any other text unchanged. */
export const pemText = (text: string): string => repaired(text, isPem, [inLines, lineBreaks, trimmed, unquoted, fromBase64]) ?? text;

const isRecord = (text: string): boolean => {
  const value = parseJson(text);
  return typeof value === 'object' && value !== null;
};

const jsonString = /"(?:[^"\\]|\\[\s\S])*"/g;
/** Unescapes JSON that was embedded in another JSON string, with or without its quotes. */
const unescaped: Repair = (text) => {
  const value = parseJson(text.startsWith('"') ? text : `"${text}"`);
  return typeof value === 'string' ? value : undefined;
};
/** A line break inside a JSON string has lost its escape. */
const escapedInside: Repair = (text) => text.replace(jsonString, (inside) => inside.replace(/\r?\n/g, '\\n'));

/** Repairs a JSON text (an object or an array); returns any other text unchanged. */
export const jsonText = (text: string): string =>
  repaired(text, isRecord, [trimmed, unquoted, escapedInside, unescaped, lineBreaks, fromBase64]) ?? text;

/** Reads a key file in JSON. The error is a clause that describes the problem without quoting the text. */
export function readKeyFile(text: string): Result<unknown, string> {
  const json = jsonText(text);
  return isRecord(json) ? ok(parseJson(json)) : refused(jsonProblem(text));
}

function jsonProblem(text: string): string {
  const bare = trimmed(text) ?? '';
  if (bare === '') return 'it is empty';
  if (isPath(bare)) return pathProblem;
  if (bare.startsWith('{') && !bare.endsWith('}')) return 'it begins as JSON but has no end, so it was cut off, perhaps at a line break';
  return 'it is not JSON';
}

/** Reads a private key in PEM. The error is a clause that describes the problem without quoting the text. */
export const readPrivateKey = (text: string): Result<KeyObject, string> => readKey(text, 'PRIVATE KEY', createPrivateKey);

/** The same for a public key. Refuses a private key, which does not belong there. */
export const readPublicKey = (text: string): Result<KeyObject, string> => readKey(text, 'PUBLIC KEY', createPublicKey);

type Wanted = 'PRIVATE KEY' | 'PUBLIC KEY';

function readKey(text: string, wanted: Wanted, make: (pem: string) => KeyObject): Result<KeyObject, string> {
  const pem = pemText(text);
  const problem = pemProblem(pem, wanted);
  if (problem !== undefined) return refused(problem);
  try {
    return ok(make(pem));
  } catch {
    // OpenSSL's message may quote the key.
    return refused('its key cannot be read: something between BEGIN and END was lost or changed');
  }
}

function pemProblem(text: string, wanted: Wanted): string | undefined {
  const bare = trimmed(text) ?? '';
  const labels = [...bare.matchAll(pemBlock)].map(([, label = '']) => label);
  const example = `BEGIN ${wanted}`;
  if (bare === '') return 'it is empty';
  if (isPath(bare)) return pathProblem;
  if (labels.length === 0 && bare.includes('-----BEGIN'))
    return 'it begins as PEM but has no end, so it was cut off, perhaps at its first line break';
  if (labels.length === 0 && isBinary(bare)) return `it is binary; export it as PEM (${example})`;
  if (labels.length === 0 && isDer(bare)) return `the first and the last line of the file are missing (${example}); give all of it`;
  if (labels.length === 0) return `there is no ${wanted.toLowerCase()} in it (${example})`;
  if (labels.some((label) => label === 'ENCRYPTED PRIVATE KEY') || /Proc-Type: 4,ENCRYPTED/.test(bare))
    return 'its key has a passphrase; export it without one';
  const misplaced = wanted === 'PUBLIC KEY' ? labels.find((label) => label.endsWith('PRIVATE KEY')) : undefined;
  if (misplaced === undefined && labels.some((label) => accepted[wanted].test(label))) return undefined;
  return `it holds a ${(misplaced ?? labels[0])?.toLowerCase()}, not a ${wanted.toLowerCase()}`;
}

/** A certificate carries a public key. */
const accepted: Readonly<Record<Wanted, RegExp>> = { 'PRIVATE KEY': /PRIVATE KEY$/, 'PUBLIC KEY': /PUBLIC KEY$|^CERTIFICATE$/ };

const isPath = (text: string): boolean => /^(~|\.{0,2})\/[^\n]*$|^[\w./\\:-]+\.(p8|p12|pem|key|json)$/.test(text);
const pathProblem = 'it is the path of a file, not what the file holds; write {"$file": "path"}';
const isBinary = (text: string): boolean => /\p{Cc}|\uFFFD/u.test(text.replace(/\s/g, ''));
/** DER in base64: a SEQUENCE, of short or long form. */
const isDer = (text: string): boolean => /^M[A-Za-z0-9+/\s\\=]{30,}$/.test(text);
