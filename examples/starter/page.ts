/// <reference types="vite/client" />
// The page: controls in, a picture out. What moves between the two is predicted and interpolated by fray/client.
import { connect, type FrayError } from 'fray/client';
import { duel } from './schema.ts';

/** Pixels per world unit. */
const SCALE = 24;
const canvas = document.querySelector('canvas') as HTMLCanvasElement;
const pen = canvas.getContext('2d') as CanvasRenderingContext2D;
const status = document.querySelector('#status') as HTMLElement;

// A page on another host than its game: VITE_SERVER=https://play.example npm run build
const url = import.meta.env['VITE_SERVER'] ?? location.href;
const options = { schema: duel, name: `Guest ${1 + (Date.now() % 999)}` };
const game = await connect(url, options).catch(refused);
sessionStorage.removeItem('reloaded');

game.on('status', (now, error) => {
  document.title = now === 'open' ? 'duel' : `duel: ${now}`;
  if (error) refused(error);
});

/** Where the server has another game than this page, loading the page anew brings that: once, and not for ever. */
function refused(error: FrayError): never {
  status.textContent = error.message;
  const isOutdated = error.code === 'E_SCHEMA_MISMATCH' || error.code === 'E_VERSION';
  if (isOutdated && sessionStorage.getItem('reloaded') === null) {
    sessionStorage.setItem('reloaded', 'once');
    location.reload();
  }
  throw error;
}

const held = new Set<string>();
const down = (code: string) => Number(held.has(code));
addEventListener('keydown', ({ code }) => held.add(code));
addEventListener('keyup', ({ code }) => held.delete(code));
addEventListener('blur', () => held.clear());
addEventListener('pointerdown', () => held.add('pointer'));
addEventListener('pointerup', () => held.delete('pointer'));
addEventListener('pointermove', ({ clientX, clientY }) => {
  // World units have y up, a screen has it down; the own player stands in the middle.
  game.setInput({ aim: Math.atan2(innerHeight / 2 - clientY, clientX - innerWidth / 2) });
});

function control(): void {
  const x = down('KeyD') + down('ArrowRight') - down('KeyA') - down('ArrowLeft');
  const y = down('KeyW') + down('ArrowUp') - down('KeyS') - down('ArrowDown');
  const length = Math.hypot(x, y) || 1;
  const fire = held.has('pointer') || held.has('Space');
  game.setInput({ move: { x: x / length, y: y / length }, fire });
}

function disc(x: number, y: number, radius: number, colour: string): void {
  pen.fillStyle = colour;
  pen.beginPath();
  pen.arc(x * SCALE, -y * SCALE, radius * SCALE, 0, 2 * Math.PI);
  pen.fill();
}

requestAnimationFrame(function frame(now) {
  requestAnimationFrame(frame);
  control();
  const { me, players, entities } = game.view(now);
  canvas.width = innerWidth;
  canvas.height = innerHeight;
  if (!me) return;
  pen.translate(innerWidth / 2 - me.x * SCALE, innerHeight / 2 + me.y * SCALE);
  pen.fillStyle = '#1d2430';
  pen.fillRect(-20 * SCALE, -20 * SCALE, 40 * SCALE, 40 * SCALE);
  for (const one of entities) disc(one.x, one.y, 0.15, '#ffd166');
  pen.textAlign = 'center';
  for (const one of players) {
    disc(one.x, one.y, 0.5, one.own ? '#4cc9f0' : '#f4845f');
    disc(one.x + 0.45 * Math.cos(one.aim), one.y + 0.45 * Math.sin(one.aim), 0.15, '#fff');
    pen.fillText(one.name, one.x * SCALE, (-one.y - 0.8) * SCALE);
  }
  status.textContent = me.alive ? `health ${me.health}, kills ${me.kills}` : 'back in a moment';
});
