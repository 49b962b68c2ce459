/** The shapes in which the tables are written. */

export type Scalar = 'u8' | 'i8' | 'u16' | 'i16' | 'u32' | 'i32';

/** One field of a record. `count` > 1 makes it an array. `doc` states unit and range. */
export type FieldRow = readonly [name: string, type: Scalar, doc: string, count?: number];

export interface RecordTable {
  /** What the record says. */
  readonly doc: string;
  /** Its kind number in a record header; absent for plain structures. */
  readonly kind?: number;
  /** Bytes of free length follow the fixed fields; the header's `length` counts them. */
  readonly tail?: string;
  readonly fields: readonly FieldRow[];
}
