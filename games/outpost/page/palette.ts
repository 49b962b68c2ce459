/** Late light over sand: warm walls, cool shadows, and two team colours that neither has. */
import type { Paint } from '../map.ts';

export const palette = {
  skyHigh: 0x4f7fb0,
  skyLow: 0xf3d9b8,
  sun: 0xffe2b8,
  bounce: 0x9c7d63,
  sand: 0xc9a980,
  skin: 0xe8c9a4,
  cloth: 0x3a3f4b,
  gun: 0x2b2f38,
  spark: 0xffd27a,
  neutral: 0xf4efe4,
} as const;

/** By team, 0 nobody. */
export const teamColours = [palette.neutral, 0xf0713c, 0x27b5c4] as const;
export const teamNames = ['nobody', 'Ember', 'Tide'] as const;
export const teamCss = ['#f4efe4', '#ff8a55', '#3ecbd9'] as const;

export const paints: Readonly<Record<Paint, number>> = {
  wall: 0xe3d2b6,
  crate: 0xb98a56,
  deck: 0xa9a49a,
  step: 0xbab3a6,
  metal: 0x66788a,
  rim: 0xd8c39d,
  ember: 0xd9663a,
  tide: 0x2f93a3,
};
