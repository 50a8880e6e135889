import type { z } from 'zod';
import { actions, reach } from '../../policy/index.ts';
import type { Catalog } from '../plugins.ts';
import { configSchemaOf } from '../schema.ts';
import { exampleOf } from './example.ts';
import { jsonOf, type Key, keysOf } from './keys.ts';
import { typeText } from './type-text.ts';

/**
 * The reference of one configuration key or policy action. `place` is the key as in a file, without kinds; `type` holds
 * the allowed values; `default` is JSON. Only for actions: `unset`, the behaviour when no rule sets it; `scopes`;
 * `mounts`, where it acts.
 */
export type ReferenceEntry = {
  key: string;
  place: string;
  of: 'configuration' | 'policies';
  description: string;
  type: string;
  unit?: string | undefined;
  required: boolean;
  default?: unknown;
  unset?: string | undefined;
  scopes?: readonly string[] | undefined;
  mounts?: readonly string[] | undefined;
  example: unknown;
};

/** An entry with the schema that accepts its example. */
export type CheckedEntry = ReferenceEntry & { schema: z.core.$ZodType };

/** The entries of all keys, for these kinds of provider, in the order of the schema. */
export const configEntries = (catalog: Catalog): CheckedEntry[] => [...keysOf(configSchemaOf(catalog))].map(entryOfKey);

/** The entries of all actions, in the order of their table. */
export const actionEntries = (): CheckedEntry[] =>
  Object.entries(actions).map(([name, { value, unset, scopes }]) => ({
    ...entryOfKey({ key: name, place: `policies.actions.${name}`, schema: value, required: false }),
    of: 'policies',
    unset,
    scopes,
    mounts: Object.entries(reach).find(([action]) => action === name)?.[1],
  }));

function entryOfKey({ key, place, schema, required }: Key): CheckedEntry {
  const json = jsonOf(schema);
  const name = key.slice(key.lastIndexOf('.') + 1);
  return {
    key,
    place,
    of: 'configuration',
    description: json.description ?? '',
    type: typeText(json),
    unit: unitOf(name, json),
    required,
    default: isEmptyObject(json.default) ? undefined : json.default,
    example: exampleOf(name, json),
    schema,
  };
}

const isEmptyObject = (value: unknown): boolean => typeof value === 'object' && JSON.stringify(value) === '{}';

/** The unit in the schema, else the unit in the key's name. */
function unitOf(name: string, { unit }: z.core.JSONSchema.JSONSchema): string | undefined {
  if (typeof unit === 'string') return unit;
  if (/(Ms|_ms)$/.test(name)) return 'milliseconds';
  if (/(Seconds|_seconds)$/.test(name)) return 'seconds';
  if (/Days(ByKind)?$/.test(name)) return 'days';
  return /Bits$/.test(name) ? 'bits' : undefined;
}
