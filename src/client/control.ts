/** Control messages of the reliable channel, as the page hears them. */
import { errorName } from '../../protocol/gen/tables.ts';
import { errorOf, type FrayError } from '../errors.ts';
import { readControlMessage } from '../session/control-codec.ts';
import type { GameNotice } from './game-events.ts';

export interface Control {
  readonly notice?: GameNotice;
  readonly fault?: FrayError;
  /** The session's newest connect token, as it travels. */
  readonly token?: Uint8Array;
}

/** undefined for bytes that are no control message. */
export function readControl(bytes: Uint8Array): Control | undefined {
  try {
    const { body, code, text, inMs, retryUrl, token } = readControlMessage(bytes);
    if (body === 'notice') return { notice: { code: errorName(code), text, inMs, retryUrl } };
    if (body === 'fault') return { fault: errorOf(code, 'go on', text) };
    return body === 'sessionToken' ? { token } : {};
  } catch {
    return undefined;
  }
}
