/** Colours of the arena. The sixteen player colours differ in lightness as well as in hue. */

export const playerColours = [
  '#f2b84b',
  '#ef6f6c',
  '#6fd3a8',
  '#6ea8fe',
  '#c39bff',
  '#ff9f6e',
  '#8fe0e8',
  '#e58fc0',
  '#d7e36b',
  '#b0784f',
  '#4fb286',
  '#4a7bd0',
  '#9a66d6',
  '#d64f6a',
  '#b9c2d9',
  '#f5e2a8',
] as const;

export const palette = {
  outside: '#0e1019',
  floor: '#191d2b',
  floorLight: '#1c2131',
  grid: '#222840',
  edge: '#4d5880',
  wallSide: '#262d47',
  wallTop: '#465079',
  wallRim: '#6a77a8',
  shadow: 'rgba(6, 8, 14, 0.42)',
  ink: '#f2efe6',
  dim: '#9aa0b5',
  night: '#141722',
  own: '#ffffff',
  gold: '#f2b84b',
  rose: '#ef6f6c',
  mint: '#6fd3a8',
  sky: '#8fe0e8',
} as const;

export function playerColour(index: number): string {
  return playerColours[index & 15] ?? palette.gold;
}

/** Two characters each, so that a colour is mixed once and kept. */
const mixed = new Map<string, string>();

/** `colour` darkened by `share` (0..1). */
export function darker(colour: string, share: number): string {
  const key = `${colour}${share}`;
  const known = mixed.get(key);
  if (known) return known;
  const value = Number.parseInt(colour.slice(1), 16);
  const channel = (shift: number) => Math.round(((value >> shift) & 255) * (1 - share));
  const made = `rgb(${channel(16)}, ${channel(8)}, ${channel(0)})`;
  mixed.set(key, made);
  return made;
}
