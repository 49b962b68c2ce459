/** Looks into a room: what stands in it, drawn from above, some times a second while it is open. */
import type { Entity, InspectionAnswer } from './answers.ts';
import { ask, Refusal } from './api.ts';
import { byId, element, table } from './element.ts';

/** `open(room)` shows it until the dialog is closed. */
export function inspector(): { open(room: string): void } {
  const dialog = byId<HTMLDialogElement>('inspector');
  const canvas = byId<HTMLCanvasElement>('map');
  const state = byId('inspector-state');
  const show = table<Entity>(byId('entities-table'), {
    empty: 'nothing stands in it',
    key: ({ handle }) => String(handle),
    columns: [
      { head: 'kind', cell: ({ kind }) => kind },
      { head: 'name', cell: ({ player }) => nameOf(player) },
      { head: 'x', number: true, cell: ({ x }) => x.toFixed(1) },
      { head: 'y', number: true, cell: ({ y }) => y.toFixed(1) },
      { head: 'health', number: true, cell: ({ health }) => String(health) },
      { head: 'team', number: true, cell: ({ team }) => String(team) },
    ],
  });
  let room = '';
  const look = async (): Promise<void> => {
    if (!dialog.open) return;
    const asked = room;
    try {
      const found = await ask<InspectionAnswer>(`rooms/${encodeURIComponent(asked)}/entities`);
      if (asked !== room || !dialog.open) return;
      draw(canvas, found);
      show(
        [...found.entities].sort((a, b) => Number(a.player === null) - Number(b.player === null)),
      );
      legend(found.entities);
      state.textContent = `tick ${found.tick}, ${found.entities.length} entities`;
    } catch (error) {
      state.textContent = error instanceof Refusal ? error.message : 'The server is not reached.';
    }
    setTimeout(() => void look(), LOOK_MS);
  };
  return {
    open(id) {
      room = id;
      byId('inspector-head').textContent = `Room ${id}`;
      state.textContent = 'looks';
      dialog.showModal();
      void look();
    },
  };
}

function nameOf(player: Entity['player']): string {
  if (player === null) return '';
  return `${player.name}${player.bot ? ' (bot)' : ''}${player.alive ? '' : ', dead'}`;
}

function draw(canvas: HTMLCanvasElement, { entities, walls }: InspectionAnswer): void {
  const ratio = devicePixelRatio;
  const [width, height] = [canvas.clientWidth, canvas.clientHeight];
  canvas.width = width * ratio;
  canvas.height = height * ratio;
  const pen = canvas.getContext('2d');
  if (pen === null) return;
  const all = extentOf(entities, walls);
  const scale = Math.min(width / (all.right - all.left), height / (all.bottom - all.top));
  pen.scale(ratio, ratio);
  pen.translate(width / 2, height / 2);
  pen.scale(scale, scale);
  pen.translate(-(all.left + all.right) / 2, -(all.top + all.bottom) / 2);
  pen.fillStyle = 'rgb(128 136 148 / 55%)';
  for (const [left, top, right, bottom] of walls)
    pen.fillRect(left, top, right - left, bottom - top);
  for (const entity of entities) drawEntity(pen, entity, scale);
}

function drawEntity(pen: CanvasRenderingContext2D, entity: Entity, scale: number): void {
  const { x, y, depth, aim, player } = entity;
  if (player !== null && !player.alive) return;
  // What is less than some pixels is seen all the same.
  const radius = Math.max(entity.radius, 3 / scale);
  pen.fillStyle = colourOf(entity);
  pen.strokeStyle = pen.fillStyle;
  pen.lineWidth = 1.5 / scale;
  pen.beginPath();
  const high = Math.max(depth, 3 / scale);
  if (depth > 0) pen.rect(x - radius, y - high, 2 * radius, 2 * high);
  else pen.arc(x, y, radius, 0, 2 * Math.PI);
  // People are full, bots are rings: not by colour alone.
  if (player?.bot === true) pen.stroke();
  else pen.fill();
  if (player === null) return;
  pen.beginPath();
  pen.moveTo(x, y);
  pen.lineTo(
    x + Math.cos(2 * Math.PI * aim) * 2 * radius,
    y + Math.sin(2 * Math.PI * aim) * 2 * radius,
  );
  pen.stroke();
  if (player.bot) return;
  pen.font = `${12 / scale}px system-ui`;
  pen.textAlign = 'center';
  pen.fillText(player.name, x, y - 1.6 * radius);
}

function extentOf(entities: readonly Entity[], walls: InspectionAnswer['walls']) {
  const xs = [...entities.map(({ x }) => x), ...walls.flatMap(([left, , right]) => [left, right])];
  const ys = [
    ...entities.map(({ y }) => y),
    ...walls.flatMap(([, top, , bottom]) => [top, bottom]),
  ];
  const least = (of: number[]): number => of.reduce((a, b) => Math.min(a, b), Infinity);
  const most = (of: number[]): number => of.reduce((a, b) => Math.max(a, b), -Infinity);
  if (xs.length === 0) return { left: -1, right: 1, top: -1, bottom: 1 };
  return {
    left: least(xs) - MARGIN,
    right: most(xs) + MARGIN,
    top: least(ys) - MARGIN,
    bottom: most(ys) + MARGIN,
  };
}

function legend(entities: readonly Entity[]): void {
  const counts = new Map<string, number>();
  for (const entity of entities) {
    const name =
      entity.player === null ? `${entity.kind} ●` : entity.player.bot ? 'bot ○' : 'player ●';
    counts.set(name, (counts.get(name) ?? 0) + 1);
  }
  const rows = [...counts].map(([name, count]) => element('li', `${name} ${count}`));
  byId('legend').replaceChildren(...rows);
}

/** Okabe and Ito, by kind; players by team where there are teams. */
function colourOf({ kind, player, team }: Entity): string {
  if (player !== null) return COLOURS[team % COLOURS.length] as string;
  if (kind === 'projectile') return PROJECTILE;
  const place = [...kind].reduce((sum, letter) => sum + letter.charCodeAt(0), 3);
  return COLOURS[place % COLOURS.length] as string;
}

const COLOURS = ['#56b4e9', '#e69f00', '#009e73', '#cc79a7', '#0072b2'];
const PROJECTILE = '#d55e00';
/** ms between two looks. */
const LOOK_MS = 250;
/** World units around what there is. */
const MARGIN = 2;
