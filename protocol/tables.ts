/**
 * The one source of every number that two sides must agree on. `npm run generate` turns it into
 * `protocol/gen/tables.ts` and `core-wasm/src/gen/`; a test keeps both fresh. Plain data: no IO, no logic.
 * Little-endian everywhere; every record starts at a multiple of 4 bytes.
 */

export * from './tables/limits.ts';
export * from './tables/memory.ts';
export * from './tables/records.ts';
export type { FieldRow, RecordTable, Scalar } from './tables/shape.ts';
