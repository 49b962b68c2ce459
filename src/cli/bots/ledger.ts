/**
 * Checks the promise of the reliable channel: every message exactly once, and in the order in which its sender sent it. Each
 * bot numbers what it sends; each receiver expects the next number of each sender. Pure.
 */
export class ReliableLedger {
  /** Separates the messages of this run from those of people and other runs. */
  readonly #run: string;
  readonly #sent = new Map<number, number>();
  readonly #next = new Map<string, number>();
  received = 0;
  repeated = 0;
  outOfOrder = 0;

  constructor(run: string) {
    this.#run = run;
  }

  get sent(): number {
    let sum = 0;
    for (const count of this.#sent.values()) sum += count;
    return sum;
  }

  /** Text of the next message of a sender. */
  send(sender: number): string {
    const number = this.#sent.get(sender) ?? 0;
    this.#sent.set(sender, number + 1);
    return `${this.#run}:${sender}:${number}`;
  }

  /** A text that a receiver got; others' texts are passed over. */
  receive(receiver: number, text: string): void {
    const [run, senderText, numberText] = text.split(':');
    if (run !== this.#run || senderText === undefined || numberText === undefined) return;
    const sender = Number(senderText);
    const number = Number(numberText);
    const key = `${receiver}:${sender}`;
    const expected = this.#next.get(key);
    this.received += 1;
    if (expected !== undefined && number < expected) this.repeated += 1;
    else if (expected !== undefined && number > expected) this.outOfOrder += number - expected;
    if (expected === undefined || number >= expected) this.#next.set(key, number + 1);
  }

  /**
   * Messages that a receiver should have by now and has not. Call it after everybody has been silent for a while, for receivers
   * that shared a room with the sender to the end.
   */
  missing(receivers: readonly number[], senders: readonly number[]): number {
    let missing = 0;
    for (const receiver of receivers) {
      for (const sender of senders) {
        const next = this.#next.get(`${receiver}:${sender}`);
        const sent = this.#sent.get(sender) ?? 0;
        if (next !== undefined) missing += sent - next;
        else if (receiver === sender) missing += sent;
      }
    }
    return missing;
  }
}
