/**
 * Session descriptions of the signalling, as far as one data channel needs them. Pure. Of an offer five facts are taken and a new
 * description is made from them, so that the native code behind never reads a byte of a stranger that was not looked at here.
 *
 * Candidates of an offer are left out on purpose: the server waits for the client to reach its one port, and so never sends
 * a datagram to an address that a stranger has only named.
 */
import { PACKET_BYTES_MAX } from '../../../../protocol/gen/tables.ts';

export interface OfferFacts {
  readonly ufrag: string;
  readonly password: string;
  /** SHA-256 of the client's certificate: 32 bytes in hex, between colons. */
  readonly fingerprint: string;
  /** Who begins the DTLS handshake, as the client wishes. */
  readonly setup: 'actpass' | 'active' | 'passive';
}

/** What stands in an offer, or null where it is none for one data channel. Any text may come. */
export function readOffer(text: string): OfferFacts | null {
  if (!/^v=0\r?\n/.test(text) || !PRINTABLE.test(text)) return null;
  const media = text.match(/^m=.*$/gm) ?? [];
  if (media.length !== 1 || !APPLICATION.test(media[0])) return null;
  const ufrag = attribute(text, 'ice-ufrag', /^[A-Za-z0-9+/]{4,256}$/);
  const password = attribute(text, 'ice-pwd', /^[A-Za-z0-9+/]{22,256}$/);
  const fingerprint = attribute(text, 'fingerprint', FINGERPRINT)?.replace(/^\S+ /, '');
  const setup = attribute(text, 'setup', /^(actpass|active|passive)$/) as
    | OfferFacts['setup']
    | null;
  if (ufrag === null || password === null || fingerprint === undefined || setup === null)
    return null;
  return { ufrag, password, fingerprint: fingerprint.toUpperCase(), setup };
}

/** The offer that the native code is given. */
export function writeOffer(facts: OfferFacts): string {
  return lines([
    'v=0',
    'o=- 1 1 IN IP4 127.0.0.1',
    's=-',
    't=0 0',
    'a=group:BUNDLE 0',
    'm=application 9 UDP/DTLS/SCTP webrtc-datachannel',
    'c=IN IP4 0.0.0.0',
    'a=mid:0',
    'a=sendrecv',
    `a=ice-ufrag:${facts.ufrag}`,
    `a=ice-pwd:${facts.password}`,
    `a=fingerprint:sha-256 ${facts.fingerprint}`,
    `a=setup:${facts.setup}`,
    'a=sctp-port:5000',
    `a=max-message-size:${PACKET_BYTES_MAX}`,
  ]);
}

/**
 * The answer that a client is given. `mid` is that of its offer. With a public address this is the only one told, otherwise
 * all that the machine has.
 */
export function finishAnswer(
  answer: string,
  { mid, publicAddress }: { readonly mid: string; readonly publicAddress: string },
): string {
  let isFirst = true;
  const out: string[] = [];
  for (const line of answer.split(/\r?\n/)) {
    if (line === '') continue;
    if (line.startsWith('a=max-message-size:')) out.push(`a=max-message-size:${PACKET_BYTES_MAX}`);
    else if (line === 'a=mid:0') out.push(`a=mid:${mid}`);
    else if (line.startsWith('a=group:BUNDLE')) out.push(`a=group:BUNDLE ${mid}`);
    else if (line.startsWith('a=candidate:') && publicAddress !== '') {
      const parts = line.split(' ');
      parts[4] = publicAddress;
      if (isFirst) out.push(parts.join(' '));
      isFirst = false;
    } else out.push(line);
  }
  return lines(out);
}

/** The media's name in an offer, which an answer has to repeat. */
export function midOf(offer: string): string {
  return attribute(offer, 'mid', /^[A-Za-z0-9_-]{1,16}$/) ?? '0';
}

/** Of the first line `a=name:value` the value, where it looks as it has to. */
function attribute(text: string, name: string, looks: RegExp): string | null {
  const value = new RegExp(`^a=${name}:(.*?)\\r?$`, 'm').exec(text)?.[1];
  return value !== undefined && looks.test(value) ? value : null;
}

function lines(all: readonly string[]): string {
  return `${all.join('\r\n')}\r\n`;
}

/** Lines of at most 512 printable characters of ASCII. */
const PRINTABLE = /^(?:[\x20-\x7e]{0,512}\r?\n)+$/;
const APPLICATION = /^m=application [1-9]\d{0,4} UDP\/DTLS\/SCTP webrtc-datachannel\r?$/;
const FINGERPRINT = /^sha-256 (?:[\dA-Fa-f]{2}:){31}[\dA-Fa-f]{2}$/;
