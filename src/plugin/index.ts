/** `fray/plugin`: what a game author imports on the server. */

export type { LoginAnswer, LoginRequest, OnAuth } from './auth.ts';
export type { Game, GameHooks, GameOptions } from './game.ts';
export { defineGame } from './game.ts';
export type { Identity } from './identity.ts';
export type * from './types.ts';
