/** Where a key leads: x to the right, y ahead or up. W A S D move, the arrows aim: both games are played by keys alone. */
export const keyMoves: Readonly<Record<string, readonly [number, number]>> = {
  KeyW: [0, 1],
  KeyS: [0, -1],
  KeyA: [-1, 0],
  KeyD: [1, 0],
};

export const keyAims: Readonly<Record<string, readonly [number, number]>> = {
  ArrowUp: [0, 1],
  ArrowDown: [0, -1],
  ArrowLeft: [-1, 0],
  ArrowRight: [1, 0],
};

/** The sum of what the held keys say, not longer than 1. */
export function sumOf(
  held: ReadonlySet<string>,
  keys: typeof keyMoves,
  into: { x: number; y: number },
): void {
  let [x, y] = [0, 0];
  for (const code of held) {
    const step = keys[code];
    if (!step) continue;
    x += step[0];
    y += step[1];
  }
  const length = Math.max(1, Math.hypot(x, y));
  into.x = x / length;
  into.y = y / length;
}
