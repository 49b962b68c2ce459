/** `defineSchema`: the one thing that a game's server and page share. */
import { checkDeclaration } from './check.ts';
import type { ConfigOptions } from './compile.ts';
import { compileConfig } from './compile.ts';
import type { Checked } from './infer.ts';
import type { SchemaLayout } from './layout.ts';
import { hashLayout, layOut } from './layout.ts';
import type { SchemaDeclaration } from './parts.ts';

export interface Schema<D extends SchemaDeclaration = SchemaDeclaration> {
  readonly name: string;
  readonly tickRateHz: number;
  /** What the author wrote. */
  readonly declaration: D;
  /** With defaults filled in and every field in its place. */
  readonly layout: SchemaLayout;
  /** 64 bits over all that both ends must agree on; a client with another one is refused (E_SCHEMA_MISMATCH). */
  readonly hash: bigint;
  /** The bytes that a core is created with; the same on server and client. */
  config(options?: ConfigOptions): Uint8Array;
}

/**
 * Checks a declaration and places its fields. Throws E_SCHEMA with the path of what is wrong; most mistakes are type
 * errors first. Costs about a millisecond, once.
 */
export function defineSchema<const D extends SchemaDeclaration>(
  declaration: D & Checked<D>,
): Schema<D> {
  checkDeclaration(declaration);
  const layout = layOut(declaration);
  const schema: Schema<D> = {
    name: layout.name,
    tickRateHz: layout.tickRateHz,
    declaration,
    layout,
    hash: hashLayout(layout),
    config: (options = {}) => compileConfig(schema, options),
  };
  return Object.freeze(schema);
}
