/** Control messages of the reliable channel, as the page hears them. */
import { fromBinary } from '@bufbuild/protobuf';
import { ControlMessageSchema } from '../../protocol/gen/control_pb.ts';
import { errorName } from '../../protocol/gen/tables.ts';
import { errorOf, type FrayError } from '../errors.ts';
import type { GameNotice } from './game-events.ts';

export interface Control {
  readonly notice?: GameNotice;
  readonly fault?: FrayError;
}

/** undefined for bytes that are no control message. */
export function readControl(bytes: Uint8Array): Control | undefined {
  try {
    const { body } = fromBinary(ControlMessageSchema, bytes, { readUnknownFields: false });
    if (body.case === 'notice') {
      const { code, text, inMs } = body.value;
      return { notice: { code: errorName(code), text, inMs } };
    }
    if (body.case === 'fault') return { fault: errorOf(body.value.code, 'go on', body.value.text) };
    return {};
  } catch {
    return undefined;
  }
}
