/** `fray/schema`: what server and page share about a game. Safe in a browser; needs nothing of the server. */

export type { ConfigOptions } from './compile.ts';
export type { Schema } from './define.ts';
export { defineSchema } from './define.ts';
export type { Audience, Field, PlayerId, TextField, ValueOf } from './fields.ts';
export {
  angle,
  bits,
  bool,
  i32,
  nobody,
  player,
  quantised,
  text,
  tick,
  u8,
  u16,
} from './fields.ts';
export type {
  InputOf,
  KindFieldsOf,
  KindName,
  MessagesToClient,
  MessagesToServer,
  MoverName,
  OwnPlayerFieldsOf,
  PlayerFieldsOf,
  RoomFieldsOf,
  SeenKindFieldsOf,
  SeenPlayerFieldsOf,
  SeenRoomFieldsOf,
  TimersOf,
  WeaponName,
  ZoneName,
} from './infer.ts';
export type { Mover, Wall, Zone } from './map.ts';
export type * from './parts.ts';
export { axis, axis2, box, button, circle, hitscan, pitch, projectile } from './parts.ts';
export { type OwnStep, ownStep } from './step.ts';
