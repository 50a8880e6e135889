import type { z } from 'zod';

type Json = z.core.JSONSchema.JSONSchema;

/** The type of a value with its allowed values: `whole number, 10 to 600`, `"token" or "source"`, `list of texts`. */
export function typeText(json: Json): string {
  const bounds = boundsOf(json);
  return bounds === '' ? listed(formsOf(json)) : `${listed(formsOf(json))}, ${bounds}`;
}

const listed = (forms: readonly string[]): string =>
  forms.length > 1 ? `${forms.slice(0, -1).join(', ')} or ${forms.at(-1)}` : forms.join();

/** The forms that a value can have, without duplicates. */
function formsOf(json: Json | boolean): string[] {
  if (typeof json === 'boolean') return ['JSON value'];
  const forms = json.anyOf ?? json.oneOf;
  if (forms) return [...new Set(forms.flatMap(formsInUnion))];
  if (json.const !== undefined) return [JSON.stringify(json.const)];
  if (json.type === 'boolean') return ['true', 'false'];
  return json.enum ? json.enum.map((value) => JSON.stringify(value)) : [formOf(json)];
}

/** In a union, bounds of a text belong to its description. */
function formsInUnion(json: Json | boolean): string[] {
  const bounds = typeof json === 'boolean' || json.type === 'string' ? '' : boundsOf(json);
  return bounds === '' ? formsOf(json) : formsOf(json).map((form) => `${form} (${bounds})`);
}

function formOf(json: Json): string {
  switch (json.type) {
    case 'integer':
      return 'whole number';
    case 'number':
      return 'number';
    case 'string':
      return json.format === 'uri' ? 'URL' : 'text';
    case 'array':
      return `list of ${plural(json.items)}`;
    case 'object':
      return (json.properties?.$file ?? json.properties?.$env) === undefined ? 'object' : 'secret';
    default:
      return 'JSON value';
  }
}

function plural(items: Json['items']): string {
  const forms = Array.isArray(items) || items === undefined ? ['JSON value'] : formsOf(items);
  return listed(forms.map((form) => (/^(text|URL|object|secret|whole number|JSON value)$/.test(form) ? `${form}s` : form)));
}

function boundsOf({ type, minimum, maximum, exclusiveMinimum, maxLength }: Json): string {
  if (type === 'string') return isSet(maxLength) ? `at most ${maxLength} characters` : '';
  if (isSet(exclusiveMinimum)) return `above ${exclusiveMinimum}${isSet(maximum) ? `, at most ${maximum}` : ''}`;
  if (!isSet(minimum)) return isSet(maximum) ? `at most ${maximum}` : '';
  return isSet(maximum) ? `${minimum} to ${maximum}` : `${minimum} or more`;
}

/** Zod gives whole numbers these bounds if a schema sets none. */
const isSet = (end: number | boolean | undefined): end is number => typeof end === 'number' && Math.abs(end) !== Number.MAX_SAFE_INTEGER;
