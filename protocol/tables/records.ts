/** Records: what enters a room, what it answers, and the plain structures of both. */
import type { RecordTable } from './shape.ts';

/** Plain structures. */
export const STRUCTS: Record<string, RecordTable> = {
  RecordHeader: {
    doc: 'Before every record in a buffer. `length` counts payload bytes without padding; the next header starts at the next multiple of 4.',
    fields: [
      ['kind', 'u16', 'record kind'],
      ['index', 'u16', 'player slot, or as the record says'],
      ['length', 'u32', 'payload bytes'],
    ],
  },
  InputCommand: {
    doc: "One player's controls for one tick.",
    fields: [
      ['tick', 'u32', 'tick for which it is meant'],
      ['buttons', 'u16', "bits, see BUTTONS; bits 4.. are the author's"],
      ['aim', 'u16', '1/65536 turn'],
      ['pitch', 'i16', '1/65536 turn'],
      ['moveX', 'i8', '-127..127'],
      ['moveY', 'i8', '-127..127'],
      ['viewTick', 'u32', 'tick the client was showing of others'],
      ['viewFraction', 'u16', '1/65536 tick'],
      ['viewHeld', 'u8', 'newest snapshot held, less viewTick; at most 63'],
      ['reserved', 'u8', '0'],
      ['aux', 'i16', "author's analog inputs", 4],
    ],
  },
  WallBox: {
    doc: 'Upright box, centre and half sizes.',
    fields: [
      ['x', 'i32', 'centre, 1/65536'],
      ['y', 'i32', 'centre'],
      ['z', 'i32', 'bottom'],
      ['halfX', 'i32', 'half width'],
      ['halfY', 'i32', 'half depth'],
      ['height', 'i32', 'height; 0 = endless'],
    ],
  },
  PacketOut: {
    doc: 'One row of the table of packets that `room_end` leaves.',
    fields: [
      ['slot', 'u16', 'player slot'],
      ['bytes', 'u16', 'length'],
      ['offset', 'u32', 'address in linear memory'],
    ],
  },
  ClientEvent: {
    doc: 'What the client half hands out, one at a time.',
    fields: [
      [
        'kind',
        'u16',
        '1 shot, 2 hit, 3 death, 16 enter, 17 leave, 18 roster, 19 room, 20 text, 21 joined roster, 22 left roster',
      ],
      ['own', 'u16', '1: by own player'],
      ['tick', 'u32', 'tick of the event'],
      ['subject', 'u32', 'handle'],
      ['object', 'u32', 'handle'],
      ['x', 'i32', 'position'],
      ['y', 'i32', ''],
      ['z', 'i32', ''],
      ['amount', 'i32', 'damage, or distance 1/65536'],
      ['aim', 'u16', 'of a shot; of a hit 1: in the head'],
      ['weapon', 'u16', ''],
      ['command', 'u32', 'command tick'],
    ],
  },
  SeenShape: {
    doc: 'One shape of a receipt: a target as it stood in the view that counted.',
    fields: [
      ['handle', 'u32', ''],
      ['x', 'i32', 'centre, 1/65536'],
      ['y', 'i32', 'centre'],
      ['z', 'i32', 'feet'],
      ['radius', 'i32', 'or half width'],
      ['depth', 'i32', 'half depth; 0: a cylinder'],
      ['height', 'i32', '0: as tall as the world'],
      ['part', 'i32', 'where the way meets it, or comes near: 2^30 is the whole way'],
      ['marks', 'u32', '1 in the way, 2 behind a wall by now, 4 dead at present'],
    ],
  },
  ClientStats: {
    doc: 'Counters of the client half.',
    fields: [
      ['snapshots', 'u32', 'decoded'],
      ['undecodable', 'u32', 'packets dropped because a reference was missing'],
      ['malformed', 'u32', 'packets that did not parse'],
      ['stale', 'u32', 'packets older than one already seen, or repeated'],
      ['lost', 'u32', 'packets never seen'],
      ['snapshotTick', 'u32', 'newest'],
      ['snapshotBits', 'u32', 'bits of the newest body'],
      ['packetBytes', 'u32', 'bytes of the newest packet'],
      ['marginTicks256', 'i32', 'arrival margin of own inputs as the server saw it, 1/256 tick'],
      ['appliedTick', 'u32', 'newest own command applied'],
      ['rttTicks256', 'i32', 'round trip by acks, 1/256 tick of local ticks'],
      ['correctionMax', 'u32', '1/65536 unit, newest snapshot'],
      ['correctionFreeMax', 'u32', 'largest on ticks not touched'],
      ['corrections', 'u32', 'snapshots that moved own player'],
      ['freeTicks', 'u32', 'snapshots with own player not touched'],
      ['touchedTicks', 'u32', 'the others'],
      ['hashChecks', 'u32', 'verified'],
      ['hashMismatches', 'u32', ''],
      ['messagesSent', 'u32', 'reliable'],
      ['messagesReceived', 'u32', 'reliable'],
      ['sendQueue', 'u32', 'reliable messages not wholly acknowledged'],
      ['eventsSeen', 'u32', ''],
      ['visible', 'u32', 'entities in the newest snapshot'],
      ['snapshotGapMax', 'u32', 'largest distance of two snapshots, ticks'],
      ['dilationPermille', 'u32', '1000 = real time'],
      ['snapshotBytesSum', 'u32', 'sum of snapshot body bytes'],
      ['wallsHash', 'u32', 'of the walls received'],
      ['wallsCount', 'u32', ''],
      ['inputsLate', 'u32', 'own commands that came too late, as the server counts'],
      ['ownAlive', 'u32', '1: own player lives'],
      ['reserved0', 'u32', ''],
      ['reserved1', 'u32', ''],
    ],
  },
  RoomStats: {
    doc: 'Counters of a room. They are part of the region.',
    fields: [
      ['tick', 'u32', ''],
      ['players', 'u32', ''],
      ['entities', 'u32', ''],
      ['packetsIn', 'u32', ''],
      ['packetsMalformed', 'u32', ''],
      ['packetsStale', 'u32', ''],
      ['inputsAccepted', 'u32', ''],
      ['inputsLate', 'u32', ''],
      ['inputsAhead', 'u32', 'too far ahead'],
      ['inputsMissing', 'u32', 'ticks that repeated a command'],
      ['snapshots', 'u32', ''],
      ['snapshotBits', 'u32', 'sum, wraps'],
      ['packetsOut', 'u32', ''],
      ['bytesOut', 'u32', 'sum, wraps'],
      ['entitiesDeferred', 'u32', 'visible but not sent for want of bytes'],
      ['eventsDropped', 'u32', ''],
      ['messagesIn', 'u32', ''],
      ['messagesOut', 'u32', ''],
      ['poolBytes', 'u32', 'in use'],
      ['poolFull', 'u32', 'refused'],
      ['fullStates', 'u32', 'entities encoded without baseline'],
      ['commands', 'u32', ''],
      ['commandsRefused', 'u32', 'by the core: dead handle, bad field'],
      ['spawnsRefused', 'u32', ''],
      ['silentClients', 'u32', 'now'],
      ['hits', 'u32', ''],
      ['deaths', 'u32', ''],
      ['recordsRefused', 'u32', 'input records with a bad shape'],
      ['epoch', 'u32', ''],
      ['wallsHash', 'u32', ''],
      ['inputsAcceptedBots', 'u32', 'standing inputs of players whose client is away included'],
      ['awayClients', 'u32', 'now'],
      [
        'snapshotsHeldBack',
        'u32',
        'that left something out because the path of their client takes no more',
      ],
      ['packetsBeyond', 'u32', 'refused because a fragment had no place in the window'],
      [
        'stepFaults',
        'u32',
        "lower 24 bits: ticks of players in which the game's own step failed, wraps; upper 8: why the last did, see STEP_FAULTS",
      ],
    ],
  },
};

/** Records that enter a room before a tick (`room_begin`). Their bytes, in order, are the journal. */
export const INPUT_RECORDS: Record<string, RecordTable> = {
  Join: {
    kind: 1,
    doc: 'A player takes a slot (header.index).',
    fields: [
      ['session', 'u32', 'session id, 0 for a bot'],
      ['flags', 'u16', '1 bot, 2 wants state hashes in snapshots (--verify)'],
      ['team', 'u8', ''],
      ['nameBytes', 'u8', ''],
      ['name', 'u8', 'UTF-8, zero padded', 32],
    ],
    tail: "who it is, for the game's hooks (nothing: a bot): u8 bytes of the user id, the user id in UTF-8, the author's data",
  },
  Leave: {
    kind: 2,
    doc: 'The player of a slot goes.',
    fields: [
      ['code', 'u16', 'ERRORS'],
      ['reserved', 'u16', '0'],
    ],
  },
  Packet: {
    kind: 3,
    doc: 'A packet of a client.',
    tail: 'packet',
    fields: [
      ['arrivalUs', 'u32', 'arrival inside the tick interval before this tick, us from its start'],
    ],
  },
  BotInput: {
    kind: 4,
    doc: 'Controls for this tick of a bot, or of a player whose client is away (its tick is ignored).',
    fields: [
      ['buttons', 'u16', ''],
      ['aim', 'u16', ''],
      ['pitch', 'i16', ''],
      ['moveX', 'i8', ''],
      ['moveY', 'i8', ''],
      ['aux', 'i16', '', 4],
    ],
  },
  Overload: {
    kind: 5,
    doc: 'The overload level of the worker changed.',
    fields: [['level', 'u32', '0 none']],
  },
  Dilation: {
    kind: 6,
    doc: 'Time runs slower; clients are told.',
    fields: [['permille', 'u32', '1000 = real time']],
  },
  Drop: {
    kind: 7,
    doc: 'Nothing is heard of the client of a slot any more. Its player stays, and takes BotInput until the client is back.',
    fields: [],
  },
  Resume: {
    kind: 8,
    doc: 'The client of a slot is heard again.',
    fields: [
      [
        'flags',
        'u32',
        '1 fresh: it has lost its state, the packet layer begins anew under another epoch; 2 (with 1) wants state hashes in snapshots; 4 (with 1) it has kept what it knew, and the upper 16 bits are the messages that it has read; 8 (with 4) it has heard of ticks of the owner before that are lost',
      ],
    ],
  },
};

/** Plugin commands (`room_end`). */
export const COMMANDS: Record<string, RecordTable> = {
  SetField: {
    kind: 32,
    doc: 'Writes an integer column of an entity.',
    fields: [
      ['handle', 'u32', ''],
      ['column', 'u32', 'COLUMNS or 32 + k'],
      ['value', 'i32', ''],
    ],
  },
  SetRoomField: {
    kind: 33,
    doc: 'Writes a room field.',
    fields: [
      ['field', 'u32', 'its index'],
      ['value', 'i32', ''],
    ],
  },
  SetText: {
    kind: 34,
    doc: 'Writes a text field. handle 0: of the room; field 255: the player name.',
    tail: 'utf8',
    fields: [
      ['handle', 'u32', ''],
      ['field', 'u32', ''],
    ],
  },
  Place: {
    kind: 35,
    doc: 'Puts an entity somewhere: velocity 0, alive, full health for a player, teleport counter up.',
    fields: [
      ['handle', 'u32', ''],
      ['x', 'i32', ''],
      ['y', 'i32', ''],
      ['z', 'i32', ''],
      ['aim', 'i32', '-1 keeps it'],
      ['protectTicks', 'u32', 'spawn protection'],
    ],
  },
  Spawn: {
    kind: 36,
    doc: 'Makes an entity with a handle from the spawnable list.',
    fields: [
      ['handle', 'u32', ''],
      ['kind', 'u32', ''],
      ['x', 'i32', ''],
      ['y', 'i32', ''],
      ['z', 'i32', ''],
      ['vx', 'i32', ''],
      ['vy', 'i32', ''],
      ['vz', 'i32', ''],
      ['aim', 'u32', ''],
      ['owner', 'u32', 'handle'],
      ['lifeTicks', 'u32', '0 for ever'],
    ],
  },
  Remove: { kind: 37, doc: 'Removes an entity (not a player).', fields: [['handle', 'u32', '']] },
  Damage: {
    kind: 38,
    doc: 'Hurts (or, negative, heals) an entity.',
    fields: [
      ['handle', 'u32', ''],
      ['attacker', 'u32', 'handle or 0'],
      ['amount', 'i32', ''],
    ],
  },
  ScaleHit: {
    kind: 39,
    doc: 'Scales a proposed hit of this tick; 0 cancels it.',
    fields: [
      ['hit', 'u32', 'its index'],
      ['permille', 'u32', '1000 = unchanged'],
    ],
  },
  AddTimer: {
    kind: 40,
    doc: 'A timer, fired as an event when its tick has come.',
    fields: [
      ['id', 'u32', 'chosen by the plugin side, unique among waiting timers'],
      ['due', 'u32', 'tick'],
      ['timer', 'u32', 'index of its declaration'],
      ['args', 'i32', '', 4],
    ],
  },
  CancelTimer: { kind: 41, doc: 'Removes a waiting timer.', fields: [['id', 'u32', '']] },
  Send: {
    kind: 42,
    doc: 'A reliable message to the slot in header.index, or to all (0xffff).',
    tail: 'message with its kind byte',
    fields: [['except', 'u32', 'slot left out of a broadcast, or 0xffff']],
  },
  SetRandom: {
    kind: 43,
    doc: "New state of the plugin's generator.",
    fields: [['state', 'u32', '', 4]],
  },
  AddWalls: { kind: 44, doc: 'Walls, only at tick 0.', tail: 'WallBox[]', fields: [] },
  Impulse: {
    kind: 45,
    doc: 'Adds to the velocity of an entity.',
    fields: [
      ['handle', 'u32', ''],
      ['vx', 'i32', ''],
      ['vy', 'i32', ''],
      ['vz', 'i32', ''],
    ],
  },
};

/** What `room_begin` leaves for the hooks, in order. */
export const HOOK_EVENTS: Record<string, RecordTable> = {
  Joined: {
    kind: 64,
    doc: 'A player came (header.index = slot).',
    fields: [
      ['handle', 'u32', ''],
      ['playerId', 'u32', 'generation of the slot << 16 | slot'],
      ['flags', 'u32', 'as in Join'],
    ],
  },
  Left: {
    kind: 65,
    doc: 'A player goes; its entity lives until this tick ends.',
    fields: [
      ['handle', 'u32', ''],
      ['playerId', 'u32', ''],
      ['code', 'u32', ''],
    ],
  },
  Hit: {
    kind: 66,
    doc: 'A proposed hit; header.index = its index.',
    fields: [
      ['attacker', 'u32', 'handle'],
      ['target', 'u32', 'handle'],
      ['amount', 'i32', ''],
      ['x', 'i32', ''],
      ['y', 'i32', ''],
      ['z', 'i32', ''],
      ['weapon', 'u32', ''],
      ['zone', 'u32', 'ZONES'],
    ],
  },
  Death: {
    kind: 67,
    doc: 'A player died in the tick before.',
    fields: [
      ['victim', 'u32', 'handle'],
      ['attacker', 'u32', 'handle or 0'],
      ['assists', 'u32', 'handles of others who hurt it lately, then 0', 3],
    ],
  },
  Touch: {
    kind: 68,
    doc: 'A player overlaps an entity that reports touches.',
    fields: [
      ['player', 'u32', 'handle'],
      ['other', 'u32', 'handle'],
    ],
  },
  Area: {
    kind: 76,
    doc: 'A player came into an area of the schema, or is not in it any more.',
    fields: [
      ['player', 'u32', 'handle'],
      ['area', 'u32', 'its index'],
      ['inside', 'u32', '1: it came'],
    ],
  },
  Landed: {
    kind: 75,
    doc: 'A player came down on something after it had been in the air.',
    fields: [
      ['player', 'u32', 'handle'],
      ['speed', 'i32', 'downwards, 1/65536 unit per tick'],
    ],
  },
  Message: {
    kind: 69,
    doc: 'A reliable message of the client in header.index, with its kind byte.',
    tail: 'message',
    fields: [],
  },
  Timer: {
    kind: 70,
    doc: 'A timer is due.',
    fields: [
      ['id', 'u32', ''],
      ['timer', 'u32', ''],
      ['args', 'i32', '', 4],
    ],
  },
  Fault: {
    kind: 71,
    doc: 'The client in header.index has to be closed.',
    fields: [['code', 'u32', 'ERRORS']],
  },
  Dropped: {
    kind: 72,
    doc: 'The client of a player (header.index = slot) is away.',
    fields: [
      ['handle', 'u32', ''],
      ['playerId', 'u32', ''],
    ],
  },
  Resumed: {
    kind: 73,
    doc: 'It is back. Fresh ones may come without Dropped before: a page that was loaded again at once.',
    fields: [
      ['handle', 'u32', ''],
      ['playerId', 'u32', ''],
      ['flags', 'u32', '1 fresh'],
    ],
  },
  Receipt: {
    kind: 74,
    doc: 'A shot of the player in header.index was judged by the past: how. Names only whom its client had been sent.',
    tail: 'SeenShape[]',
    fields: [
      ['shooter', 'u32', 'handle'],
      ['target', 'u32', 'handle of what it struck, or 0'],
      ['command', 'u32', 'tick of the command that fired it'],
      ['statedTick', 'u32', 'view tick that the command stated'],
      ['viewTick', 'u32', 'the one that counted'],
      ['statedFraction', 'u16', '1/65536 tick'],
      ['viewFraction', 'u16', '1/65536 tick'],
      ['clamp', 'u8', 'why they differ: CLAMPS'],
      ['result', 'u8', 'RESULTS'],
      ['weapon', 'u8', 'its index'],
      ['reserved', 'u8', '0'],
      ['aim', 'u16', '1/65536 turn'],
      ['pitch', 'i16', '1/65536 turn'],
      ['x', 'i32', 'muzzle, 1/65536'],
      ['y', 'i32', ''],
      ['z', 'i32', ''],
      ['distance', 'i32', 'how far it went, 1/65536'],
    ],
  },
};

/** One row of the roster: fixed part; then i32 x number of player fields `to: 'room'`. */
export const ROSTER_ROW: RecordTable = {
  doc: 'One player as everyone in the room knows it.',
  fields: [
    ['playerId', 'u32', '0: the slot is free'],
    ['handle', 'u32', 'entity'],
    ['team', 'u8', ''],
    ['flags', 'u8', '1 bot'],
    ['nameBytes', 'u8', ''],
    ['reserved', 'u8', ''],
    ['name', 'u8', 'UTF-8', 32],
  ],
};
