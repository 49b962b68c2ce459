/**
 * Who may come back to a LocalRoom: hands out session tokens, and judges the hello of a pipe that wants to attach. What
 * the session table of a server does, in its shortest form.
 */
import { create, toBinary } from '@bufbuild/protobuf';
import { ControlMessageSchema } from '../../protocol/gen/control_pb.ts';
import { ERROR, MESSAGE } from '../../protocol/gen/tables.ts';
import { AUTH, HELLO, INTENT, proven, readU32 } from '../../src/session/datagrams.ts';
import { attachProof, proofsEqual } from '../../src/session/proof.ts';
import { DEVELOPMENT_KEY, issueConnectToken, openTokenRequest } from '../../src/session/token.ts';

export class LocalSessions {
  /** Hellos that attached, and codes of those that did not. */
  attached = 0;
  readonly refused: number[] = [];
  readonly #slots = new Map<bigint, number>();
  readonly #attach = new Map<number, number>();
  readonly #issued = new Map<number, bigint>();
  #random = 1;

  /** The control message that tells a player its token, kind byte included. */
  tell(slot: number): Uint8Array {
    const session = this.#issued.get(slot);
    const { bytes, session: name } = issueConnectToken({
      userId: `player ${slot}`,
      servers: ['127.0.0.1:40000'],
      key: DEVELOPMENT_KEY,
      nowMs: 0,
      expireMs: 86_400_000,
      random: (into) => this.#fill(into),
      ...(session === undefined ? {} : { session }),
    });
    this.#issued.set(slot, name);
    this.#slots.set(name, slot);
    let end = bytes.length;
    while (bytes[end - 1] === 0) end -= 1;
    const token = bytes.slice(0, end);
    const message = create(ControlMessageSchema, {
      body: { case: 'sessionToken', value: { token } },
    });
    return Uint8Array.of(MESSAGE.control, ...toBinary(ControlMessageSchema, message));
  }

  /** Of a player who is gone. */
  forget(slot: number): void {
    const session = this.#issued.get(slot);
    if (session !== undefined) this.#slots.delete(session);
  }

  /** As if hellos up to that number had come. */
  seen(slot: number, attach: number): void {
    this.#attach.set(slot, attach);
  }

  wants(hello: Uint8Array): boolean {
    return hello[HELLO.intent] === INTENT.attach;
  }

  /** The slot that a hello attaches to, or minus the code of its refusal. */
  judge(hello: Uint8Array): number {
    const slot = this.#judge(hello);
    if (slot < 0) this.refused.push(-slot);
    else this.attached += 1;
    return slot;
  }

  #judge(hello: Uint8Array): number {
    if (hello[HELLO.auth] !== AUTH.token) return -ERROR.E_TOKEN_REQUIRED;
    const request = hello.subarray(HELLO.request, HELLO.attach);
    const opened = openTokenRequest(request, [DEVELOPMENT_KEY], 1000);
    if (typeof opened === 'number') return -opened;
    const slot = this.#slots.get(opened.session);
    if (slot === undefined) return -ERROR.E_SESSION_OVER;
    const attach = readU32(hello, HELLO.attach);
    const proof = attachProof(opened.clientToServerKey, attach, proven(hello));
    if (!proofsEqual(proof, hello.subarray(HELLO.proof))) return -ERROR.E_TOKEN_PROOF;
    if (attach <= (this.#attach.get(slot) ?? 0)) return -ERROR.E_ATTACH_REPLAY;
    this.#attach.set(slot, attach);
    return slot;
  }

  #fill(into: Uint8Array): void {
    for (let at = 0; at < into.length; at += 1) {
      this.#random = (Math.imul(this.#random, 1_103_515_245) + 12_345) >>> 0;
      into[at] = this.#random >>> 16;
    }
  }
}
