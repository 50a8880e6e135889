import { z } from 'zod';

/** A configuration key: its full name, the same without the kinds of stores, sources and providers, and its schema. */
export type Key = { key: string; place: string; schema: z.core.$ZodType; required: boolean };

/** The names above a key: `providers.firebase.config`, in a file `providers[0].config`. */
type Where = Pick<Key, 'key' | 'place'>;

/** Every key of a schema, parents first. A secret has no keys of its own. */
export function* keysOf(schema: z.core.$ZodType, where: Where = { key: '', place: '' }): Generator<Key> {
  const inner = unwrapped(schema);
  if (isSecret(inner)) return;
  if (inner instanceof z.ZodObject) {
    for (const [name, field] of Object.entries(inner.shape)) yield* keyAndBelow(below(where, name), field);
  } else if (inner instanceof z.ZodDiscriminatedUnion) yield* kindsOf(inner, where);
  else if (inner instanceof z.ZodUnion) for (const option of inner.options) yield* keysOf(option, where);
}

/** Whether a value is a reference to a secret, `{"$env"}` or `{"$file"}`. */
function isSecret(schema: z.core.$ZodType): boolean {
  const inner = unwrapped(schema);
  if (inner instanceof z.ZodUnion)
    return inner.options.every((option) => option instanceof z.ZodObject && '$file' in option.shape === !('$env' in option.shape));
  return inner instanceof z.ZodCustom && jsonOf(inner).properties?.$file !== undefined;
}

/** A schema as JSON Schema of its input, with its examples. */
export const jsonOf = (schema: z.core.$ZodType): z.core.JSONSchema.JSONSchema =>
  z.toJSONSchema(schema, {
    io: 'input',
    unrepresentable: 'any',
    // Zod drops the examples of a schema with a transform. Here examples are always examples of the input.
    override({ zodSchema, jsonSchema }) {
      const { examples } = z.globalRegistry.get(zodSchema) ?? {};
      if (Array.isArray(examples)) jsonSchema.examples = examples;
    },
  });

function* keyAndBelow(where: Where, schema: z.core.$ZodType): Generator<Key> {
  yield { ...where, schema, required: !isOptional(schema) };
  yield* keysOf(schema, where);
}

const isOptional = (schema: z.core.$ZodType): boolean =>
  schema instanceof z.ZodOptional || schema instanceof z.ZodDefault || schema instanceof z.ZodPrefault;

const below = ({ key, place }: Where, name: string): Where => ({ key: joined(key, name), place: joined(place, name) });
const joined = (...parts: string[]): string => parts.filter((part) => part !== '').join('.');

/** The inner schema of a list, a default or a transform. */
function unwrapped(schema: z.core.$ZodType): z.core.$ZodType {
  if (schema instanceof z.ZodOptional || schema instanceof z.ZodDefault || schema instanceof z.ZodPrefault)
    return unwrapped(schema.unwrap());
  if (schema instanceof z.ZodArray) return unwrapped(schema.element);
  return schema instanceof z.ZodPipe ? unwrapped(schema.in) : schema;
}

type Kind = { names: string[]; shape: Readonly<Record<string, z.core.$ZodType>> };

/** Keys that all kinds share appear once; the others appear below the name of their kind. */
function* kindsOf(union: z.ZodDiscriminatedUnion, where: Where): Generator<Key> {
  const by = union.def.discriminator;
  const kinds = withoutAliases(union.options.map((option) => kindOf(option, by)));
  const isShared = (name: string): boolean => kinds.every(({ shape }) => textOf(shape[name]) === textOf(kinds[0]?.shape[name]));
  yield* keyAndBelow(below(where, by), choiceOf(union, by));
  for (const [name, field] of Object.entries(kinds[0]?.shape ?? {})) if (isShared(name)) yield* keyAndBelow(below(where, name), field);
  for (const {
    names: [kind = ''],
    shape,
  } of kinds)
    for (const [name, field] of Object.entries(shape))
      if (!isShared(name)) yield* keyAndBelow({ key: joined(where.key, kind, name), place: joined(where.place, name) }, field);
}

function kindOf(option: z.core.$ZodType, by: string): Kind {
  const inner = unwrapped(option);
  if (!(inner instanceof z.ZodObject)) throw new Error(`a form of a part is chosen by "${by}" and is no object`);
  const { [by]: name, ...shape } = inner.shape;
  return { names: namesOf(name), shape };
}

const namesOf = (schema: z.core.$ZodType | undefined): string[] => (schema instanceof z.ZodLiteral ? [...schema.values].map(String) : []);

/** Kinds with the same keys are one kind with several names. */
function withoutAliases(kinds: readonly Kind[]): Kind[] {
  const found = new Map<string, Kind>();
  for (const { names, shape } of kinds) {
    const text = Object.values(shape).map(textOf).join();
    const known = found.get(text);
    found.set(text, { shape, names: [...(known?.names ?? []), ...names] });
  }
  return [...found.values()];
}

const textOf = (schema: z.core.$ZodType | undefined): string => (schema ? JSON.stringify(jsonOf(schema)) : '');

/** The key that chooses a kind, with a description of each kind. */
function choiceOf(union: z.ZodDiscriminatedUnion, by: string): z.ZodType {
  const options = union.options.flatMap((option) => {
    const inner = unwrapped(option);
    const schema = inner instanceof z.ZodObject ? inner.shape[by] : undefined;
    return namesOf(schema).map((name) => ({ name, description: (schema && jsonOf(schema).description) ?? '' }));
  });
  const [first] = options;
  const same = options.every(({ description }) => description === first?.description);
  const description = same ? first?.description : options.map((option) => `${option.name}: ${option.description}`).join(' ');
  return z.enum(options.map(({ name }) => name)).meta({ description });
}
