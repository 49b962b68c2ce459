/** The WebSocket client transport in Node, whose version 20 has no WebSocket of its own: that of `ws`. */
import { WebSocket } from 'ws';
import { PACKET_BYTES_MAX } from '../../../protocol/gen/tables.ts';
import type { ClientPipe } from '../types.ts';
import type { SocketLike, WebSocketOptions } from './websocket.ts';
import { openWebSocket } from './websocket.ts';

export function openNodeWebSocket(
  url: string,
  options: WebSocketOptions = {},
): Promise<ClientPipe> {
  return openWebSocket(url, { make: makeNodeSocket, ...options });
}

/** For `WebSocketOptions.make`. A frame longer than a datagram closes the socket. */
export function makeNodeSocket(url: string): SocketLike {
  return new WebSocket(url, {
    perMessageDeflate: false,
    skipUTF8Validation: true,
    maxPayload: PACKET_BYTES_MAX,
  }) as unknown as SocketLike;
}
