/**
 * The one data channel, as both ends make it: agreed on beforehand (so it opens without a further round trip), unordered and without
 * retransmits. Binary messages are datagrams; a text message is the farewell, its close code in decimal.
 */

export const CHANNEL_LABEL = 'fray';
export const CHANNEL_ID = 0;

/** The text that says why an end closes. */
export function farewell(code: number): string {
  return String(code);
}

/** The code of a farewell; -1 where the text is none. */
export function readFarewell(text: string): number {
  return /^\d{1,4}$/.test(text) ? Number(text) : -1;
}
