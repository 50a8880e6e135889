import type { z } from 'zod';
import { listed, nearestName } from '../model/index.ts';
import { Secret } from './secret.ts';

type Issue = z.core.$ZodRawIssue;

/**
 * Turns schema errors without a message of their own into plain sentences; for `safeParse(value, { error: plainError
 * })`. Each unknown key gets a line. No sentence repeats a value.
 */
export function plainError(issue: Issue): string | undefined {
  switch (issue.code) {
    case 'invalid_type':
      return wanted(issue.input, forms[issue.expected] ?? issue.expected);
    case 'invalid_value':
      return wanted(issue.input, oneOf(issue.values.map(String)), nearestText(issue.input, issue.values.map(String)));
    case 'invalid_union':
      return ofUnion(issue);
    case 'unrecognized_keys':
      return issue.keys.map((key) => unknownKey(key, keysOf(issue))).join('\n');
    case 'invalid_key':
      return `this name is not allowed here: ${issue.issues[0]?.message ?? 'it has the wrong form'}`;
    case 'too_small':
      return issue.origin === 'string' && issue.minimum === 1
        ? 'must not be empty'
        : `must ${sizes(issue.origin, issue.minimum, 'or more')}`;
    case 'too_big':
      return `must ${sizes(issue.origin, issue.maximum, 'at most')}`;
    case 'invalid_format':
      return issue.format === 'url' ? 'expected a URL, such as https://host/path' : `does not have the expected form (${issue.format})`;
    default:
      return undefined;
  }
}

const forms: Readonly<Record<string, string>> = {
  string: 'a text',
  number: 'a number',
  int: 'a whole number',
  boolean: 'true or false',
  object: 'an object { … }',
  record: 'an object { … }',
  array: 'a list [ … ]',
  null: 'null',
};

const wanted = (input: unknown, form: string, near?: string): string =>
  input === undefined
    ? `is missing; give ${form}`
    : `expected ${form}, not ${kindOf(input)}${near === undefined ? '' : `; did you mean "${near}"?`}`;

/** Suggests a near value for texts only; some JSON values cannot be turned into text. */
const nearestText = (input: unknown, known: readonly string[]): string | undefined =>
  typeof input === 'string' ? nearestName(input, known) : undefined;

function kindOf(input: unknown): string {
  if (input === null) return 'null';
  if (input instanceof Secret) return 'a secret';
  if (Array.isArray(input)) return 'a list';
  if (typeof input === 'object') return 'an object';
  if (typeof input === 'string') return input === '' ? 'an empty text' : 'this text';
  return typeof input === 'boolean' ? String(input) : 'this number';
}

const oneOf = (values: readonly string[]): string => (values.length === 1 ? values.join() : `one of ${listed(values)}`);

/** Lists all forms when none fits; names the nearest value when a discriminator does not. */
function ofUnion(issue: Extract<Issue, { code: 'invalid_union' }>): string {
  if ('options' in issue && Array.isArray(issue.options)) {
    const [options, { discriminator = '' }] = [issue.options.map(String), issue];
    const value =
      typeof issue.input === 'object' && issue.input !== null ? new Map(Object.entries(issue.input)).get(discriminator) : undefined;
    return wanted(value, oneOf(options), nearestText(value, options));
  }
  const found = issue.errors.flatMap((errors) => errors.slice(0, 1)).flatMap(formOf);
  return wanted(issue.input, [...new Set(found)].join(' or ') || 'another form');
}

function formOf(issue: z.core.$ZodIssue): string[] {
  if (issue.code === 'invalid_type') return [forms[issue.expected] ?? issue.expected];
  if (issue.code === 'invalid_value') return issue.values.map(String);
  return [];
}

function sizes(origin: string, size: number | bigint, bound: string): string {
  const unit = { string: 'character', array: 'entr', set: 'entr' }[origin];
  if (unit === undefined) return `be ${size} ${bound}`;
  const ending = unit === 'entr' ? (Number(size) === 1 ? 'y' : 'ies') : Number(size) === 1 ? '' : 's';
  return `have ${size} ${unit}${ending} ${bound}`;
}

function unknownKey(key: string, known: readonly string[]): string {
  const near = nearestName(key, known);
  if (near !== undefined) return `unknown key; did you mean "${near}"?`;
  return known.length === 0 ? 'unknown key; remove it' : `unknown key; remove it. There are: ${listed(known)}`;
}

function keysOf({ inst }: Issue): string[] {
  const def: unknown = inst?._zod.def;
  return typeof def === 'object' && def !== null && 'shape' in def && typeof def.shape === 'object' ? Object.keys(def.shape ?? {}) : [];
}
