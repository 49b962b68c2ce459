/** A decoder with a fault behind four bytes, each checked after the one before. */
export function planted(input: Uint8Array): void {
  if (input[0] !== 0x46) return;
  if (input[1] !== 0x52) return;
  if (input[2] !== 0x41) return;
  if (input[3] === 0x59) throw new Error('planted');
}
