import fc from 'fast-check';

/** A JSON Schema as the OpenAPI document has them. */
export interface JsonSchema {
  $ref?: string;
  type?: string | string[];
  const?: unknown;
  enum?: unknown[];
  example?: unknown;
  examples?: unknown[];
  format?: string;
  pattern?: string;
  minLength?: number;
  maxLength?: number;
  minimum?: number;
  maximum?: number;
  exclusiveMinimum?: number;
  exclusiveMaximum?: number;
  multipleOf?: number;
  minItems?: number;
  maxItems?: number;
  items?: JsonSchema;
  properties?: Record<string, JsonSchema>;
  required?: string[];
  additionalProperties?: boolean | JsonSchema;
  propertyNames?: JsonSchema;
  anyOf?: JsonSchema[];
  oneOf?: JsonSchema[];
  allOf?: JsonSchema[];
}

/** Values that a schema of a document allows, as far as their shape goes. Rules that a schema can't say may still refuse them. */
export function valuesOf(
  schema: JsonSchema,
  document: object,
  within: readonly string[] = [],
): fc.Arbitrary<unknown> {
  const { $ref, ...rest } = schema;
  // A schema that holds itself is JSON all the way down.
  if ($ref && within.includes($ref)) return fc.jsonValue({ maxDepth: 2 });
  if ($ref) return valuesOf({ ...target($ref, document), ...rest }, document, [...within, $ref]);
  // What stands in the reference is what people send.
  const shown = [...(schema.example === undefined ? [] : [schema.example]), ...(schema.examples ?? [])];
  const made = madeFrom(schema, document, within);
  return shown.length > 0 ? fc.oneof(fc.constantFrom(...shown), made) : made;
}

function madeFrom(schema: JsonSchema, document: object, within: readonly string[]): fc.Arbitrary<unknown> {
  if (schema.const !== undefined) return fc.constant(schema.const);
  if (schema.enum) return fc.constantFrom(...schema.enum);
  const variants = schema.anyOf ?? schema.oneOf;
  if (variants) return fc.oneof(...variants.map((variant) => valuesOf(variant, document, within)));
  if (schema.allOf) {
    return fc
      .tuple(...schema.allOf.map((part) => valuesOf(part, document, within)))
      .map((parts) => Object.assign({}, ...(parts as object[])) as object);
  }
  if (Array.isArray(schema.type)) {
    return fc.oneof(...schema.type.map((type) => madeFrom({ ...schema, type }, document, within)));
  }
  switch (schema.type) {
    case 'string':
      return textsOf(schema);
    case 'integer':
    case 'number':
      return numbersOf(schema);
    case 'boolean':
      return fc.boolean();
    case 'null':
      return fc.constant(null);
    case 'array':
      return fc.array(valuesOf(schema.items ?? {}, document, within), {
        minLength: schema.minItems ?? 0,
        maxLength: Math.min(schema.maxItems ?? 3, (schema.minItems ?? 0) + 3),
      });
    case 'object':
      return objectsOf(schema, document, within);
    default:
      return fc.jsonValue({ maxDepth: 2 });
  }
}

function objectsOf(schema: JsonSchema, document: object, within: readonly string[]): fc.Arbitrary<unknown> {
  const { properties = {}, required = [], additionalProperties } = schema;
  const declared = fc.record(
    Object.fromEntries(
      Object.entries(properties).map(([name, one]) => [name, valuesOf(one, document, within)]),
    ),
    { requiredKeys: required.filter((name) => name in properties) },
  );
  if (typeof additionalProperties !== 'object') return declared;
  const names = (
    schema.propertyNames ? valuesOf(schema.propertyNames, document, within) : fc.string()
  ).filter((name) => name !== '__proto__') as fc.Arbitrary<string>;
  const others = fc.dictionary(names, valuesOf(additionalProperties, document, within), { maxKeys: 3 });
  return fc.tuple(others, declared).map(([more, own]) => ({ ...more, ...own }));
}

function textsOf({ format, pattern, minLength = 0, maxLength = 40 }: JsonSchema): fc.Arbitrary<string> {
  switch (format) {
    case 'uuid':
      return fc.uuid();
    case 'email':
      return fc.nat().map((number) => `fuzz-${number}@example.com`);
    case 'uri':
      return fc.webUrl({ validSchemes: ['https'] });
    case 'date':
      return days.map((day) => day.toISOString().slice(0, 10));
    case 'date-time':
      return days.map((day) => day.toISOString());
    default:
  }
  const length = { minLength, maxLength: Math.min(maxLength, minLength + 40) };
  if (pattern === undefined) return fc.string({ ...length, unit: 'binary' });
  return fc
    .stringMatching(new RegExp(pattern), { maxLength: length.maxLength })
    .filter((text) => text.length >= minLength);
}

const days = fc.date({ min: new Date(0), max: new Date('2100-01-01'), noInvalidDate: true });

function numbersOf(schema: JsonSchema): fc.Arbitrary<number> {
  const { type, minimum, maximum, exclusiveMinimum, exclusiveMaximum } = schema;
  const min = minimum ?? exclusiveMinimum ?? -1_000;
  const max = maximum ?? exclusiveMaximum ?? min + 1_000_000;
  if (type === 'integer') return fc.integer({ min: clip(min), max: clip(max) });
  return fc.double({ min, max, noNaN: true, noDefaultInfinity: true });
}

function clip(bound: number): number {
  return Math.max(-(2 ** 31), Math.min(2 ** 31 - 1, bound));
}

function target($ref: string, document: object): JsonSchema {
  return $ref
    .slice(2)
    .split('/')
    .reduce<unknown>((at, step) => (at as Record<string, unknown>)[step], document) as JsonSchema;
}
