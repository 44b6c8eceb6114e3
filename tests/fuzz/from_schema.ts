import fc from "npm:fast-check@4.10.2";
import * as z from "zod";
import { PROTOCOL_VERSION } from "../../protocol/version.ts";

/** What fits a zod schema, made from the JSON Schema that zod gives of it. */
export function fromSchema(schema: z.ZodType): fc.Arbitrary<unknown> {
  return arbitrary(
    Node.parse(z.toJSONSchema(schema, { io: "input", unrepresentable: "any" })),
  );
}

const Node = z.looseObject({
  type: z.string().optional(),
  format: z.string().optional(),
  pattern: z.string().optional(),
  const: z.unknown().optional(),
  enum: z.array(z.unknown()).optional(),
  minimum: z.number().optional(),
  maximum: z.number().optional(),
  exclusiveMinimum: z.number().optional(),
  minLength: z.number().optional(),
  maxLength: z.number().optional(),
  minItems: z.number().optional(),
  maxItems: z.number().optional(),
  required: z.array(z.string()).optional(),
});
type Node = z.infer<typeof Node>;

/** Sizes beyond which more of the same finds nothing new. */
const MOST_ITEMS = 4;
const MOST_LETTERS = 60;

const nodes = (value: unknown) => z.array(Node).optional().parse(value);

function arbitrary(node: Node): fc.Arbitrary<unknown> {
  if ("const" in node) return fc.constant(node.const);
  if (node.enum !== undefined) return fc.constantFrom(...node.enum);
  const either = nodes(node["anyOf"]) ?? nodes(node["oneOf"]);
  if (either !== undefined) return fc.oneof(...either.map(arbitrary));
  switch (node.type) {
    case "object":
      return object(node);
    case "array":
      return array(node);
    case "string":
      return string(node);
    case "integer":
      // One, most of all, and the protocol's version: what attempts and
      // versions are, where they fit.
      return fc.oneof(
        {
          weight: 3,
          arbitrary: fc.constantFrom(
            Math.max(1, node.minimum ?? 1),
            PROTOCOL_VERSION,
          ),
        },
        {
          weight: 1,
          arbitrary: fc.integer({
            min: Math.max(node.minimum ?? -1000, -1_000_000),
            max: Math.min(node.maximum ?? 1000, 1_000_000),
          }),
        },
      );
    case "number":
      return fc.double({
        min: node.minimum ?? node.exclusiveMinimum ?? -1e6,
        max: node.maximum ?? 1e6,
        noNaN: true,
        minExcluded: node.exclusiveMinimum !== undefined,
      });
    case "boolean":
      return fc.boolean();
    case "null":
      return fc.constant(null);
    case undefined:
      return fc.jsonValue();
    default:
      throw new Error(`no values are made of type ${node.type}`);
  }
}

function object(node: Node): fc.Arbitrary<unknown> {
  const properties = z.record(z.string(), Node).parse(node["properties"] ?? {});
  const made = Object.fromEntries(
    Object.entries(properties).map(([key, of]) => [key, arbitrary(of)]),
  );
  return fc.record(made, {
    requiredKeys: Object.keys(made)
      .filter((key) => node.required?.includes(key) ?? false),
  });
}

function array(node: Node): fc.Arbitrary<unknown> {
  const tuple = nodes(node["prefixItems"]);
  if (tuple !== undefined) return fc.tuple(...tuple.map(arbitrary));
  const least = node.minItems ?? 0;
  return fc.array(arbitrary(Node.parse(node["items"] ?? {})), {
    minLength: least,
    maxLength: Math.max(least, Math.min(node.maxItems ?? 9, MOST_ITEMS)),
  });
}

function string(node: Node): fc.Arbitrary<unknown> {
  if (node.format === "uuid") return fc.uuid({ version: 4 });
  if (node.format === "uri") return fc.webUrl();
  if (node.pattern !== undefined) {
    const most = node.maxLength ?? Infinity;
    return fc.stringMatching(new RegExp(node.pattern))
      .map((text) => text.slice(0, most));
  }
  const least = node.minLength ?? 0;
  return fc.string({
    unit: "binary",
    minLength: least,
    maxLength: Math.max(least, Math.min(node.maxLength ?? 99, MOST_LETTERS)),
  });
}
