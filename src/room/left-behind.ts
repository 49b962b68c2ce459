/**
 * What a killed server has left in its folder of journals: rooms that were open, each with its file, and who had a place in them. And
 * the other way: what this one would leave.
 */
import { closeSync, openSync, readdirSync, readSync } from 'node:fs';
import { join } from 'node:path';
import { readHostLines } from '../../workers/host-lines.ts';
import { readJournal } from '../../workers/journal-file.ts';
import { FrayError } from '../errors.ts';
import type { HostedRoom } from './placement.ts';

/** A room, as its server opened it. */
export interface LeftRoom {
  readonly id: string;
  readonly open: boolean;
  readonly bots: number;
  readonly seed: bigint;
  readonly epoch: number;
  readonly optionsJson: string;
  /** Its journal. */
  readonly file: string;
}

/** Of a session, whatever else its owner keeps of it. */
export interface SeatKept {
  readonly id: number;
  readonly userId: string;
  readonly userData: Uint8Array;
  readonly name: string;
  readonly verify: boolean;
}

export interface LeftSeat<Kept extends SeatKept = SeatKept> {
  readonly kept: Kept;
  readonly room: string;
}

export interface LeftBehind {
  readonly rooms: readonly LeftRoom[];
  readonly seats: readonly LeftSeat[];
}

/** Rooms without a file, or of another core, and seats without a room, are passed over. Throws what the file system throws. */
export function leftIn(folder: string, coreHash: Uint8Array): LeftBehind {
  const files = journalsIn(folder);
  const rooms: LeftRoom[] = [];
  const seats: LeftSeat[] = [];
  for (const [key, line] of readHostLines(hostPath(folder))) {
    const facts = JSON.parse(line);
    if (key.startsWith(ROOM)) {
      const file = files.get(key.slice(ROOM.length));
      if (file === undefined || !isOf(file, coreHash)) continue;
      const { open, bots, seed, epoch, optionsJson } = facts;
      const id = key.slice(ROOM.length);
      rooms.push({ id, open, bots, seed: BigInt(seed), epoch, optionsJson, file });
    } else {
      const { room, userData, ...kept } = facts;
      const data = new Uint8Array(Buffer.from(userData, 'base64'));
      seats.push({ room, kept: { ...(kept as unknown as SeatKept), userData: data } });
    }
  }
  const ids = new Set(rooms.map(({ id }) => id));
  return { rooms, seats: seats.filter(({ room }) => ids.has(room)) };
}

export function hostPath(folder: string): string {
  return join(folder, 'host.log');
}

/** Key and text of a room. */
export function roomLine({ id, open, bots, opening }: HostedRoom): [string, string] {
  return leftRoomLine({ id, open, bots, ...opening });
}

/** The same of one that was left. */
export function leftRoomLine(room: Omit<LeftRoom, 'file'>): [string, string] {
  const { id, open, bots, seed, epoch, optionsJson } = room;
  return [ROOM + id, JSON.stringify({ open, bots, seed: String(seed), epoch, optionsJson })];
}

/** Key and text of a seat. */
export function seatLine({ kept, room }: LeftSeat): [string, string] {
  const userData = Buffer.from(kept.userData).toString('base64');
  return [seatKey(kept.id), JSON.stringify({ ...kept, userData, room })];
}

export function seatKey(sessionId: number): string {
  return SEAT + sessionId;
}

/** The newest of each room, by its id: names are the id, `-`, and when the room opened in base 36. */
function journalsIn(folder: string): Map<string, string> {
  const found = new Map<string, string>();
  const opened = new Map<string, number>();
  for (const name of readdirSync(folder)) {
    const [, id = '', at = ''] = /^(.+)-([\da-z]+)\.journal$/.exec(name) ?? [];
    const ms = Number.parseInt(at, 36);
    if (id === '' || ms < (opened.get(id) ?? 0)) continue;
    opened.set(id, ms);
    found.set(id, join(folder, name));
  }
  return found;
}

/** Another core would play it otherwise. */
function isOf(path: string, coreHash: Uint8Array): boolean {
  const file = openSync(path, 'r');
  try {
    const begin = new Uint8Array(HEAD_BYTES_MAX);
    const bytes = readSync(file, begin);
    return Buffer.compare(readJournal(begin.subarray(0, bytes)).head.coreHash, coreHash) === 0;
  } catch (error) {
    if (error instanceof FrayError) return false;
    throw error;
  } finally {
    closeSync(file);
  }
}

/** Bytes: a head with the largest configuration. */
const HEAD_BYTES_MAX = 1 << 20;
const ROOM = 'room:';
const SEAT = 'seat:';
