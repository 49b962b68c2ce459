/**
 * A step of a game's own: walking, a second jump in the air, and a jet with fuel. Integers only; the same numbers in
 * `../rust/src/lib.rs`. AssemblyScript; build it with `npm run build`.
 */

// Words of 4 bytes from the address on that `step` is called with; those from vx on may be changed.
const TICK_RATE_HZ = 1;
const BUTTONS = 2;
const MOVE_X = 3;
const MOVE_Y = 4;
const FLAGS = 11;
const TOP_SPEED = 17;
const ACCELERATION = 18;
const VX = 20;
const VY = 21;
const VZ = 22;
const WAY_X = 23;
const WAY_Y = 24;
const WAY_Z = 25;
/** numberA: fuel of the jet, in ticks. */
const FUEL = 26;
/** numberB: jumps that are left before the ground is touched again. */
const JUMPS = 27;

const JUMP = 4;
/** The first button of the author's. */
const JET = 16;
const GROUNDED = 2;
const JUMP_HELD = 32;
const ONE = 65536;

/** Moves a player by one tick. */
export function step(at: usize): void {
  const rate = get(at, TICK_RATE_HZ);
  const buttons = get(at, BUTTONS);
  const flags = get(at, FLAGS);
  const grounded = (flags & GROUNDED) != 0;
  let fuel = get(at, FUEL);
  let jumps = get(at, JUMPS);
  if (grounded) {
    jumps = 2;
    fuel = min(fuel + 2, (rate * 3) / 2);
  }
  const acceleration = get(at, ACCELERATION);
  const change = grounded ? acceleration : acceleration / 4;
  const topSpeed = get(at, TOP_SPEED);
  const vx = get(at, VX);
  const vy = get(at, VY);
  const vz = get(at, VZ);
  const newX = towards(vx, (get(at, MOVE_X) * topSpeed) / 127, change);
  const newY = towards(vy, (get(at, MOVE_Y) * topSpeed) / 127, change);
  let newZ = vz;
  if ((buttons & JUMP) != 0 && (flags & JUMP_HELD) == 0 && jumps > 0) {
    jumps -= 1;
    newZ = (8 * ONE) / rate;
  } else if ((buttons & JET) != 0 && fuel > 0) {
    fuel -= 1;
    newZ += perTick(35, rate);
  }
  newZ -= perTick(20, rate);
  set(at, VX, newX);
  set(at, VY, newY);
  set(at, VZ, newZ);
  set(at, WAY_X, (vx + newX) / 2);
  set(at, WAY_Y, (vy + newY) / 2);
  set(at, WAY_Z, (max(vz, newZ) + newZ) / 2);
  set(at, FUEL, fuel);
  set(at, JUMPS, jumps);
}

/** Velocity that so many units/s² add in one tick. */
function perTick(units: i32, rate: i32): i32 {
  return (units * ONE) / (rate * rate);
}

function towards(from: i32, to: i32, most: i32): i32 {
  return from + min(max(to - from, -most), most);
}

@inline
function get(at: usize, word: i32): i32 {
  return load<i32>(at + 4 * word);
}

@inline
function set(at: usize, word: i32, value: i32): void {
  store<i32>(at + 4 * word, value);
}
