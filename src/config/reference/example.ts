import type { z } from 'zod';

type Json = z.core.JSONSchema.JSONSchema;

/**
 * An example value: from the schema, else derived, such as the other value of a switch. Undefined if none can be
 * derived; then the schema must bring one.
 */
export function exampleOf(name: string, json: Json): unknown {
  if (json.examples && json.examples.length > 0) return json.examples[0];
  const forms = json.anyOf ?? json.oneOf;
  if (json.properties?.$env) return { $file: `secrets/${name}` };
  if (forms) return firstOf(forms.map((form) => (typeof form === 'object' ? exampleOf(name, form) : undefined)));
  if (json.const !== undefined) return json.const;
  if (json.enum) return json.enum.find((value) => value !== json.default);
  switch (json.type) {
    case 'boolean':
      return json.default !== true;
    case 'array':
      return isFilled(json.default) ? json.default : exampleOfList(name, json);
    case 'object':
      return exampleOfObject(json);
    default:
      return isFilled(json.default) ? json.default : undefined;
  }
}

/** Empty texts and lists are poor examples. */
const isFilled = (value: unknown): boolean => value !== undefined && value !== '' && !(Array.isArray(value) && value.length === 0);

const firstOf = (values: readonly unknown[]): unknown => values.find((value) => value !== undefined);

function exampleOfList(name: string, { items }: Json): unknown {
  const one = typeof items === 'object' && !Array.isArray(items) ? exampleOf(name, items) : undefined;
  return one === undefined ? undefined : [one];
}

/** The required keys of an object; without any, its first key. */
function exampleOfObject({ properties = {}, required = [] }: Json): unknown {
  const all = Object.entries(properties);
  const shown = required.length > 0 ? all.filter(([key]) => required.includes(key)) : all.slice(0, 1);
  const pairs = shown.map(([key, json]) => [key, typeof json === 'object' ? exampleOf(key, json) : undefined]);
  return pairs.some(([, value]) => value === undefined) ? undefined : Object.fromEntries(pairs);
}
