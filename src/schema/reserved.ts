/** Names that players and entities have already: a field of an author cannot take one. */
export const RESERVED_NAMES = [
  'id', 'handle', 'kind', 'slot', 'name', 'bot', 'own', 'index', 'generation', 'flags', 'fields', 'input',
  'x', 'y', 'z', 'vx', 'vy', 'vz', 'aim', 'pitch', 'alive', 'grounded', 'health', 'team', 'owner', 'weapon',
  'radius', 'width', 'depth', 'height', 'topSpeed', 'acceleration', 'friction', 'viewRadius', 'protectedUntil', 'teleport',
  'expires', 'visible',
] as const;

export type ReservedName = (typeof RESERVED_NAMES)[number];
