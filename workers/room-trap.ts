/** The core trapped in `begin` or `end`: what it holds means nothing any more. */
export class RoomTrap extends Error {}
