/**
 * Refuses a schema that could not work, at definition, with E_SCHEMA and the path of what is wrong
 * (`player.fields.kills: …`). What types can say they say too (infer.ts); this is for JavaScript and for values.
 */
import {
  AUX_INPUTS_MAX,
  BUILTIN_BUTTONS,
  BUTTONS_MAX,
  FIELDS_PER_KIND_MAX,
  KINDS_MAX,
  MESSAGE_BYTES_MAX_TO_CLIENT,
  MESSAGE_BYTES_MAX_TO_SERVER,
  ROOM_FIELDS_MAX,
  TEXTS_PER_KIND_MAX,
  TIMER_ARGS_MAX,
  WEAPONS_MAX,
} from '../../protocol/gen/tables.ts';
import { checkMovers, checkWalls, checkZones } from './check-map.ts';
import type { Rows } from './check-values.ts';
import {
  atMost,
  checkName,
  knownKeys,
  needed,
  range,
  record,
  refuse,
  truth,
  whole,
} from './check-values.ts';
import type { AnyField, Field } from './fields.ts';
import { FIELD_TEXT_BYTES_MAX, MESSAGE_TEXT_BYTES_MAX, rangeText } from './fields.ts';
import { BUILTIN_BUTTON_BITS, REWIND_MS_MAX_DEFAULT, TICK_RATE_HZ_DEFAULT } from './layout.ts';
import type { SchemaDeclaration } from './parts.ts';
import { RESERVED_NAMES } from './reserved.ts';
import { OwnStep } from './step.ts';
import { SPEED_UNITS_PER_TICK_MAX } from './units.ts';

/** Throws E_SCHEMA for the first thing that is wrong. */
export function checkDeclaration(declaration: SchemaDeclaration): void {
  const all = record(declaration, 'schema');
  knownKeys(all, 'schema', [
    'name',
    'tickRateHz',
    'world',
    'net',
    'input',
    'weapons',
    'room',
    'player',
    'kinds',
    'toServer',
    'toClient',
    'timers',
  ]);
  const { name } = declaration;
  if (typeof name !== 'string' || !/^[A-Za-z0-9_-]{1,32}$/.test(name)) {
    refuse('name', 'must be 1..32 letters, digits, - or _');
  }
  range('tickRateHz', declaration.tickRateHz, 1, 128, 'ticks/s');
  if (declaration.tickRateHz !== undefined && !Number.isInteger(declaration.tickRateHz)) {
    refuse('tickRateHz', 'must be an integer');
  }
  const tickRateHz = Number(declaration.tickRateHz ?? TICK_RATE_HZ_DEFAULT);
  checkWorld(record(declaration.world ?? {}, 'world'));
  checkNet(record(declaration.net ?? {}, 'net'), tickRateHz);
  checkInputs(record(declaration.input, 'input'), declaration.world?.dimensions ?? 2);
  checkWeapons(record(declaration.weapons ?? {}, 'weapons'));
  const room = record(declaration.room ?? {}, 'room');
  knownKeys(room, 'room', ['fields']);
  checkFields(room['fields'], 'room.fields', {
    audiences: ['room', 'none'],
    most: ROOM_FIELDS_MAX,
  });
  checkPlayer(record(declaration.player ?? {}, 'player'));
  checkCrouch(declaration);
  const { shape } = declaration.player ?? {};
  checkMovers(record(declaration.world?.movers ?? {}, 'world.movers'), {
    tickRateHz,
    radius: shape?.shape === 'circle' ? shape.radius : 0.5,
  });
  checkKinds(record(declaration.kinds ?? {}, 'kinds'));
  checkMessages(
    record(declaration.toServer ?? {}, 'toServer'),
    'toServer',
    MESSAGE_BYTES_MAX_TO_SERVER,
  );
  checkMessages(
    record(declaration.toClient ?? {}, 'toClient'),
    'toClient',
    MESSAGE_BYTES_MAX_TO_CLIENT,
  );
  checkTimers(record(declaration.timers ?? {}, 'timers'));
  checkSpeeds(declaration);
}

/** Nothing may cross more than 64 units in one tick: the core's products stay inside 64 bits. */
function checkSpeeds(declaration: SchemaDeclaration): void {
  const most = SPEED_UNITS_PER_TICK_MAX * (declaration.tickRateHz ?? TICK_RATE_HZ_DEFAULT);
  const { movement } = declaration.player ?? {};
  range('player.movement.topSpeed', movement?.topSpeed, 0, most, 'units/s at this tick rate');
  range('player.movement.jumpSpeed', movement?.jumpSpeed, 0, most, 'units/s at this tick rate');
  range('player.movement.dash.speed', movement?.dash?.speed, 0, most, 'units/s at this tick rate');
  for (const [name, weapon] of Object.entries(declaration.weapons ?? {})) {
    range(`weapons.${name}.knockback`, weapon.knockback, 0, most, 'units/s at this tick rate');
    const push = weapon.blast?.knockback;
    range(`weapons.${name}.blast.knockback`, push, 0, most, 'units/s at this tick rate');
    if (weapon.weapon === 'projectile') {
      range(`weapons.${name}.speed`, weapon.speed, 0, most, 'units/s at this tick rate');
    }
  }
}

function checkWorld(world: Rows): void {
  knownKeys(world, 'world', [
    'width',
    'depth',
    'dimensions',
    'gravity',
    'friendlyFire',
    'walls',
    'movers',
    'zones',
  ]);
  range('world.width', world['width'], 2, 32_768, 'units');
  range('world.depth', world['depth'], 2, 32_768, 'units');
  range('world.gravity', world['gravity'], 0, 400, 'units/s²');
  truth('world.friendlyFire', world['friendlyFire']);
  const dimensions = world['dimensions'];
  if (dimensions !== undefined && dimensions !== 2 && dimensions !== 3)
    refuse('world.dimensions', 'must be 2 or 3');
  checkWalls(world['walls'] ?? []);
  checkZones(record(world['zones'] ?? {}, 'world.zones'));
}

function checkNet(net: Rows, tickRateHz: number): void {
  knownKeys(net, 'net', [
    'positionPrecision',
    'aimBits',
    'snapshotBytesMax',
    'interpolationMs',
    'rewindMsMax',
    'rewindCoverMsMax',
    'deadStopShots',
    'hideBehindWalls',
    'viewKeep',
    'halfRateFrom',
    'quarterRateFrom',
    'sendEvery',
  ]);
  range('net.positionPrecision', net['positionPrecision'], 1 / 1024, 1 / 4, 'units');
  whole('net.aimBits', net['aimBits'], 4, 16, 'bits');
  whole('net.snapshotBytesMax', net['snapshotBytesMax'], 224, 1000, 'bytes');
  range('net.interpolationMs', net['interpolationMs'], 0, 1000, 'ms');
  const rewindMsMax = net['rewindMsMax'] ?? REWIND_MS_MAX_DEFAULT;
  range('net.rewindMsMax', rewindMsMax, 0, 1000, 'ms');
  range('net.rewindCoverMsMax', net['rewindCoverMsMax'], 0, Number(rewindMsMax), 'ms');
  truth('net.deadStopShots', net['deadStopShots']);
  truth('net.hideBehindWalls', net['hideBehindWalls']);
  range('net.viewKeep', net['viewKeep'], 0, 64, 'units');
  range('net.halfRateFrom', net['halfRateFrom'], 0, 1, 'of the view radius');
  const { quarterRateFrom = 0, sendEvery = 1 } = net;
  if (quarterRateFrom !== 0)
    range(
      'net.quarterRateFrom',
      quarterRateFrom,
      Number(net['halfRateFrom'] ?? 0),
      1,
      'of the view radius',
    );
  if (sendEvery !== 1 && sendEvery !== 2 && sendEvery !== 4)
    refuse('net.sendEvery', 'must be 1, 2 or 4');
  if (sendEvery !== 1 && (sendEvery * 1000) / tickRateHz > Number(net['interpolationMs'] ?? 100))
    refuse('net.sendEvery', 'is longer than net.interpolationMs');
}

function checkInputs(inputs: Rows, dimensions: 2 | 3): void {
  const seen = { axis2: 0, aim: 0, pitch: 0, buttons: 0, analog: 0 };
  for (const [name, value] of Object.entries(inputs)) {
    const path = `input.${name}`;
    checkName(path, name, BUILTIN_BUTTON_BITS);
    const input = record(value, path);
    if (input['input'] === 'axis2') seen.axis2 += 1;
    else if (input['input'] === 'pitch') seen.pitch += 1;
    else if (input['input'] === 'axis') seen.analog += 1;
    else if (input['input'] === 'button') seen.buttons += name in BUILTIN_BUTTON_BITS ? 0 : 1;
    else if (input['type'] === 'angle') seen.aim += 1;
    else {
      const spec = checkField(path, value, []);
      if (spec.type === 'text' || spec.min < -32_768 || spec.max > 32_767) {
        refuse(
          path,
          'must be axis2(), angle(), pitch(), button(), axis() or an integer field of at most 15 bits',
        );
      }
      seen.analog += 1;
    }
    if (name in BUILTIN_BUTTON_BITS && input['input'] !== 'button')
      refuse(path, 'must be a button()');
  }
  if (seen.axis2 > 1) refuse('input', 'has more than one axis2()');
  if (seen.aim > 1) refuse('input', 'has more than one angle(): it is the aim');
  if (seen.pitch > 1) refuse('input', 'has more than one pitch()');
  if (seen.pitch > 0 && dimensions === 2)
    refuse('input', 'has a pitch(), but world.dimensions is 2');
  atMost('input', seen.buttons, BUTTONS_MAX - BUILTIN_BUTTONS, "buttons of the author's");
  atMost('input', seen.analog, AUX_INPUTS_MAX, 'analog inputs');
}

function checkWeapons(weapons: Rows): void {
  atMost('weapons', Object.keys(weapons).length, WEAPONS_MAX, 'weapons');
  for (const [name, value] of Object.entries(weapons)) {
    const path = `weapons.${name}`;
    checkName(path, name, {});
    const weapon = record(value, path);
    const flies = weapon['weapon'] === 'projectile';
    if (!flies && weapon['weapon'] !== 'hitscan')
      refuse(path, 'must be projectile({…}) or hitscan({…})');
    knownKeys(weapon, path, [
      'weapon',
      'damage',
      'cooldownMs',
      'knockback',
      'headFactor',
      'friendlyFire',
      'throughProtection',
      'blast',
      ...(flies ? ['speed', 'lifeMs', 'radius', 'forward'] : ['range']),
    ]);
    whole(`${path}.damage`, needed(path, weapon, 'damage'), -32_768, 32_767, 'points');
    range(`${path}.cooldownMs`, needed(path, weapon, 'cooldownMs'), 0, 60_000, 'ms');
    range(`${path}.knockback`, weapon['knockback'], 0, 200, 'units/s');
    range(`${path}.headFactor`, weapon['headFactor'], 0, 100, 'times the damage');
    truth(`${path}.friendlyFire`, weapon['friendlyFire']);
    truth(`${path}.throughProtection`, weapon['throughProtection']);
    truth(`${path}.forward`, weapon['forward']);
    if ((weapon['blast'] ?? null) !== null)
      checkBlast(`${path}.blast`, record(weapon['blast'], `${path}.blast`));
    if (flies) {
      range(`${path}.speed`, needed(path, weapon, 'speed'), 0.1, 400, 'units/s');
      range(`${path}.lifeMs`, needed(path, weapon, 'lifeMs'), 1, 60_000, 'ms');
      range(`${path}.radius`, weapon['radius'], 0, 16, 'units');
    } else {
      range(`${path}.range`, needed(path, weapon, 'range'), 0.1, 16_384, 'units');
    }
  }
}

function checkBlast(path: string, blast: Rows): void {
  knownKeys(blast, path, ['radius', 'damage', 'edge', 'knockback', 'self']);
  range(`${path}.radius`, needed(path, blast, 'radius'), 0.1, 64, 'units');
  whole(`${path}.damage`, needed(path, blast, 'damage'), -32_768, 32_767, 'points');
  range(`${path}.edge`, blast['edge'], 0, 1, 'of its middle');
  range(`${path}.knockback`, blast['knockback'], 0, 200, 'units/s');
  truth(`${path}.self`, blast['self']);
}

function checkPlayer(player: Rows): void {
  knownKeys(player, 'player', [
    'shape',
    'health',
    'viewRadius',
    'seenByTeam',
    'solid',
    'movement',
    'assistMs',
    'fields',
  ]);
  range('player.assistMs', player['assistMs'], 0, 60_000, 'ms');
  if (player['shape'] !== undefined) checkShape('player.shape', player['shape'], false);
  whole('player.health', player['health'], 1, 65_535, 'points');
  range('player.viewRadius', player['viewRadius'], 1, 512, 'units');
  for (const flag of ['solid', 'seenByTeam']) truth(`player.${flag}`, player[flag]);
  checkMovement(record(player['movement'] ?? {}, 'player.movement'));
  checkFields(player['fields'], 'player.fields', {
    audiences: ['visible', 'owner', 'room', 'none'],
    most: FIELDS_PER_KIND_MAX,
  });
}

function checkMovement(movement: Rows): void {
  knownKeys(movement, 'player.movement', [
    'topSpeed',
    'acceleration',
    'friction',
    'dash',
    'boost',
    'crouch',
    'airControl',
    'jumpSpeed',
    'stepHeight',
    'relativeToAim',
    'step',
  ]);
  checkStep(movement);
  range('player.movement.topSpeed', movement['topSpeed'], 0, 200, 'units/s');
  range('player.movement.acceleration', movement['acceleration'], 0, 10_000, 'units/s²');
  range('player.movement.friction', movement['friction'], 0, 10_000, 'units/s²');
  range('player.movement.jumpSpeed', movement['jumpSpeed'], 0, 200, 'units/s');
  range('player.movement.stepHeight', movement['stepHeight'], 0, 16, 'units');
  truth('player.movement.relativeToAim', movement['relativeToAim']);
  if (movement['dash'] !== undefined) {
    const path = 'player.movement.dash';
    const dash = record(movement['dash'], path);
    knownKeys(dash, path, ['speed', 'durationMs', 'cooldownMs']);
    range(`${path}.speed`, needed(path, dash, 'speed'), 0.1, 400, 'units/s');
    range(`${path}.durationMs`, needed(path, dash, 'durationMs'), 1, 10_000, 'ms');
    range(`${path}.cooldownMs`, needed(path, dash, 'cooldownMs'), 0, 60_000, 'ms');
  }
  range('player.movement.airControl', movement['airControl'], 0, 1, 'of the acceleration');
  if (movement['boost'] !== undefined) {
    const path = 'player.movement.boost';
    if (movement['dash'] !== undefined)
      refuse(path, 'cannot be beside a dash: they have one button');
    const boost = record(movement['boost'], path);
    knownKeys(boost, path, ['speed', 'durationMs', 'cooldownMs']);
    range(`${path}.speed`, needed(path, boost, 'speed'), 1, 10, 'times the top speed');
    range(`${path}.durationMs`, boost['durationMs'], 0, 60_000, 'ms');
    range(`${path}.cooldownMs`, boost['cooldownMs'], 0, 60_000, 'ms');
  }
}

function checkStep({ step, dash, boost }: Rows): void {
  if (step === undefined) return;
  const path = 'player.movement.step';
  if (!(step instanceof OwnStep)) refuse(path, 'must be what fray step writes: ownStep(…)');
  if (dash !== undefined || boost !== undefined)
    refuse(path, 'cannot be beside a dash or a boost: their state is the state of the step');
}

/** Lower than it stands, and only where there is a height. */
function checkCrouch(declaration: SchemaDeclaration): void {
  const { movement, shape } = declaration.player ?? {};
  if (movement?.crouch === undefined) return;
  const path = 'player.movement.crouch';
  const crouch = record(movement.crouch, path);
  knownKeys(crouch, path, ['height', 'speed']);
  const stands = shape?.height ?? 1.8;
  range(`${path}.height`, needed(path, crouch, 'height'), 0.1, stands, 'units');
  range(`${path}.speed`, crouch['speed'], 0, 1, 'of the top speed');
  if (declaration.world?.dimensions !== 3) refuse(path, 'needs world.dimensions 3');
  const fields = Object.keys(declaration.player?.fields ?? {}).length;
  atMost('player.fields', fields + 1, FIELDS_PER_KIND_MAX, 'fields, that of crouching counted');
}

function checkKinds(kinds: Rows): void {
  atMost('kinds', Object.keys(kinds).length, KINDS_MAX - 3, 'kinds');
  for (const [name, value] of Object.entries(kinds)) {
    const path = `kinds.${name}`;
    checkName(path, name, {});
    if (name === 'player' || name === 'projectile' || name === 'free')
      refuse(path, 'is built in: choose another name');
    const kind = record(value, path);
    knownKeys(kind, path, [
      'shape',
      'health',
      'solid',
      'touch',
      'moves',
      'seenWithin',
      'alwaysSeen',
      'fields',
    ]);
    range(`${path}.seenWithin`, kind['seenWithin'], 0, 512, 'units');
    checkShape(`${path}.shape`, kind['shape'], true);
    whole(`${path}.health`, kind['health'], 0, 65_535, 'points');
    for (const flag of ['solid', 'touch', 'moves', 'alwaysSeen'])
      truth(`${path}.${flag}`, kind[flag]);
    checkFields(kind['fields'], `${path}.fields`, {
      audiences: ['visible', 'none'],
      most: FIELDS_PER_KIND_MAX,
    });
  }
}

function checkShape(path: string, value: unknown, boxes: boolean): void {
  const shape = record(value, path);
  range(`${path}.height`, shape['height'], 0, 256, 'units');
  if (shape['shape'] === 'circle') {
    range(`${path}.radius`, needed(path, shape, 'radius'), 0.05, 64, 'units');
    range(`${path}.head`, shape['head'], 0, Number(shape['height'] ?? 0), 'units of its height');
  } else if (shape['shape'] === 'box' && boxes) {
    range(`${path}.width`, needed(path, shape, 'width'), 0.05, 128, 'units');
    range(`${path}.depth`, needed(path, shape, 'depth'), 0.05, 128, 'units');
  } else {
    refuse(path, boxes ? 'must be circle(…) or box(…)' : 'must be circle(…)');
  }
}

function checkFields(
  value: unknown,
  path: string,
  limits: { audiences: readonly string[]; most: number },
): void {
  let integers = 0;
  let texts = 0;
  for (const [name, inner] of Object.entries(record(value ?? {}, path))) {
    const at = `${path}.${name}`;
    const spec = checkField(at, inner, limits.audiences);
    checkName(at, name, {});
    if (path !== 'room.fields' && (RESERVED_NAMES as readonly string[]).includes(name)) {
      refuse(at, 'is built in: choose another name');
    }
    if (spec.type === 'text') texts += 1;
    else integers += 1;
    // The roster, which is what goes to everybody, has rows of one length.
    if (path === 'player.fields' && spec.type === 'text' && spec.to === 'room')
      refuse(at, "cannot go to 'room': a text of a player goes to 'visible', 'owner', 'none'");
  }
  atMost(path, integers, limits.most, 'fields');
  atMost(path, texts, TEXTS_PER_KIND_MAX, 'text fields');
}

function checkMessages(messages: Rows, path: string, bytesMax: number): void {
  atMost(path, Object.keys(messages).length, 256, 'messages');
  for (const [name, value] of Object.entries(messages)) {
    checkName(`${path}.${name}`, name, {});
    let bytes = 2;
    for (const [key, inner] of Object.entries(record(value, `${path}.${name}`))) {
      const at = `${path}.${name}.${key}`;
      checkName(at, key, {});
      const spec = checkField(at, inner, [], MESSAGE_TEXT_BYTES_MAX);
      bytes += spec.type === 'text' ? 2 + spec.bytesMax : 4;
    }
    if (bytes > bytesMax)
      refuse(`${path}.${name}`, `can be ${bytes} bytes long, the limit is ${bytesMax}`);
  }
}

function checkTimers(timers: Rows): void {
  atMost('timers', Object.keys(timers).length, 256, 'timers');
  for (const [name, value] of Object.entries(timers)) {
    const path = `timers.${name}`;
    checkName(path, name, {});
    const args = record(value, path);
    atMost(path, Object.keys(args).length, TIMER_ARGS_MAX, 'arguments');
    for (const [key, inner] of Object.entries(args)) {
      checkName(`${path}.${key}`, key, {});
      if (checkField(`${path}.${key}`, inner, []).type === 'text')
        refuse(`${path}.${key}`, 'must not be a text');
    }
  }
}

function checkField(
  path: string,
  value: unknown,
  audiences: readonly string[],
  textMax: number = FIELD_TEXT_BYTES_MAX,
): AnyField {
  const row = record(value, path);
  const known = ['integer', 'bool', 'tick', 'player', 'angle', 'quantised', 'text'];
  if (!known.includes(String(row['type'])))
    refuse(path, 'must be a field such as u8(), bool() or text(40)');
  const spec = value as AnyField;
  if (spec.to !== 'default' && !audiences.includes(spec.to)) {
    const allowed = audiences.map((to) => `'${to}'`).join(', ');
    refuse(
      path,
      audiences.length === 0
        ? "cannot have a 'to' here"
        : `cannot go to '${spec.to}', only to ${allowed}`,
    );
  }
  if (spec.type === 'text') {
    whole(path, spec.bytesMax, 1, textMax, 'bytes');
    return spec;
  }
  checkNumbers(path, spec);
  return spec;
}

function checkNumbers(path: string, spec: Field): void {
  if (spec.type === 'quantised' && spec.max < 1)
    refuse(path, 'needs min < max and 0 < step, with at most 2^31 steps');
  const bitsMax = spec.signed || spec.type !== 'integer' ? 32 : 31;
  if (!Number.isInteger(spec.bits) || spec.bits < 1 || spec.bits > bitsMax)
    refuse(path, 'needs 1..31 bits');
  const least = spec.signed ? -(2 ** 31) : 0;
  const most = 2 ** 31 - 1;
  const whole = [spec.min, spec.max, spec.initial].every((value) => Number.isInteger(value));
  if (!whole || spec.min > spec.max || spec.min < least || spec.max > most) {
    refuse(path, 'needs integers min <= max inside the range of its type');
  }
  const top = spec.signed ? 2 ** (spec.bits - 1) - 1 : 2 ** spec.bits - 1;
  if (spec.max > top) refuse(path, `holds at most ${top}, not ${spec.max}`);
  if (spec.initial < spec.min || spec.initial > spec.max)
    refuse(path, `starts outside its range: it is ${rangeText(spec)}`);
}
