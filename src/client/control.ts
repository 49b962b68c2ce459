/** Control messages of the reliable channel, as the page hears them. */
import { errorName } from '../../protocol/gen/tables.ts';
import { errorOf, type FrayError } from '../errors.ts';
import { readControlMessage } from '../session/control-codec.ts';
import type { GameNotice } from './game-events.ts';

export interface Control {
  readonly notice?: GameNotice;
  readonly fault?: FrayError;
}

/** undefined for bytes that are no control message. */
export function readControl(bytes: Uint8Array): Control | undefined {
  try {
    const { body, code, text, inMs } = readControlMessage(bytes);
    if (body === 'notice') return { notice: { code: errorName(code), text, inMs } };
    if (body === 'fault') return { fault: errorOf(code, 'go on', text) };
    return {};
  } catch {
    return undefined;
  }
}
