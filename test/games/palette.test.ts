/**
 * Colours that mean something are told apart by those who see fewer of them: simulated as Machado, Oliveira and Fernandes (2009) do, and
 * compared in CIELAB. What is written on the page has enough contrast (WCAG 2.2).
 */
import { readFileSync } from 'node:fs';
import t from 'tap';
import { palette as arena, playerColours } from '../../games/arena/page/palette.ts';
import { teamColours, teamCss } from '../../games/outpost/page/palette.ts';

/** Distance at which two patches are told apart at a glance; 2.3 is just noticeable. */
const DISTANCE_MIN = 20;
/** For text of that size, and for parts that mean something. */
const CONTRAST_MIN = 3;

type Colour = readonly [number, number, number];

/** Of linear RGB, at full severity. */
const SIGHT: { readonly [name: string]: readonly number[] } = {
  usual: [1, 0, 0, 0, 1, 0, 0, 0, 1],
  protanopia: [
    0.152286, 1.052583, -0.204868, 0.114503, 0.786281, 0.099216, -0.003882, -0.048116, 1.051998,
  ],
  deuteranopia: [
    0.367322, 0.860646, -0.227968, 0.280085, 0.672501, 0.047413, -0.01182, 0.04294, 0.968881,
  ],
  tritanopia: [
    1.255528, -0.076749, -0.178779, -0.078411, 0.930809, 0.147602, 0.004733, 0.691367, 0.3039,
  ],
};

const hex = (value: number) => `#${value.toString(16).padStart(6, '0')}`;
const PAIRS: readonly (readonly [what: string, a: string, b: string])[] = [
  ['teams in the world', hex(teamColours[1]), hex(teamColours[2])],
  ['teams and nobody in the world, ember', hex(teamColours[0]), hex(teamColours[1])],
  ['teams and nobody in the world, tide', hex(teamColours[0]), hex(teamColours[2])],
  ['teams on the page', teamCss[1], teamCss[2]],
  ['health that is well and low', arena.mint, arena.rose],
  ['own ring and floor', arena.own, arena.floor],
];

for (const [sight, matrix] of Object.entries(SIGHT)) {
  t.test(`${sight}: what means something is told apart`, (t) => {
    for (const [what, a, b] of PAIRS) {
      const away = distance(lab(seen(a, matrix)), lab(seen(b, matrix)));
      t.ok(away >= DISTANCE_MIN, `${what}: ${away.toFixed(1)}`);
    }
    t.end();
  });
}

t.test('players stand out from the floor, words from their ground', (t) => {
  for (const colour of playerColours)
    t.ok(
      contrast(colour, arena.floor) >= CONTRAST_MIN,
      `${colour}: ${contrast(colour, arena.floor)}`,
    );
  for (const [game, ground] of [
    ['arena', '#141722'],
    ['outpost', '#2a2018'],
  ] as const) {
    const css = readFileSync(
      new URL(`../../games/${game}/page/style.css`, import.meta.url),
      'utf8',
    );
    for (const name of ['ink', 'dim']) {
      const colour = new RegExp(`--${name}: (#\\w{6})`).exec(css)?.[1] ?? '';
      t.ok(contrast(colour, ground) >= 4.5, `${game} ${name}: ${contrast(colour, ground)}`);
    }
  }
  t.end();
});

function linear(colour: string): Colour {
  const value = Number.parseInt(colour.slice(1), 16);
  const channel = (shift: number): number => {
    const c = ((value >> shift) & 255) / 255;
    return c <= 0.04045 ? c / 12.92 : ((c + 0.055) / 1.055) ** 2.4;
  };
  return [channel(16), channel(8), channel(0)];
}

function seen(colour: string, m: readonly number[]): Colour {
  const rgb = linear(colour);
  const row = (k: number): number => {
    const sum = rgb.reduce((total, c, i) => total + c * (m[3 * k + i] ?? 0), 0);
    return Math.min(1, Math.max(0, sum));
  };
  return [row(0), row(1), row(2)];
}

/** CIELAB under D65. */
function lab([r, g, b]: Colour): Colour {
  const f = (value: number): number =>
    value > 216 / 24389 ? Math.cbrt(value) : (value * 24389) / 27 / 116 + 16 / 116;
  const x = f((0.4124 * r + 0.3576 * g + 0.1805 * b) / 0.95047);
  const y = f(0.2126 * r + 0.7152 * g + 0.0722 * b);
  const z = f((0.0193 * r + 0.1192 * g + 0.9505 * b) / 1.08883);
  return [116 * y - 16, 500 * (x - y), 200 * (y - z)];
}

function distance(a: Colour, b: Colour): number {
  return Math.hypot(a[0] - b[0], a[1] - b[1], a[2] - b[2]);
}

function contrast(a: string, b: string): number {
  const [light, dark] = [a, b]
    .map((colour) => {
      const [r, g, b] = linear(colour);
      return 0.2126 * r + 0.7152 * g + 0.0722 * b + 0.05;
    })
    .sort((x, y) => y - x) as [number, number];
  return light / dark;
}
