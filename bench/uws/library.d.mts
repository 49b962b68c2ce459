/** Why the library is not here for this Node; null: it is. */
export const lacking: string | null;
