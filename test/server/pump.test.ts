/** What the I/O thread does where a part of it fails. */
import t from 'tap';
import { Pump, type PumpParts } from '../../src/pump.ts';
import { Bench, hello, token } from '../session/bench.ts';

t.test('a used token that the disk refuses closes its client; others come in', async (test) => {
  const bench = new Bench({ guests: false });
  const sent: string[] = [];
  const closed: number[] = [];
  let heard: (pipe: number, bytes: Uint8Array) => void = () => {};
  const nothing = (): void => {};
  let full = true;
  // Whole as far as the way of a hello goes.
  const parts = {
    transports: [
      {
        index: 0,
        kind: 'memory',
        onOpen: nothing,
        onClose: nothing,
        onDatagram: (fn: typeof heard) => {
          heard = fn;
        },
        send: (pipe: number, bytes: Uint8Array) => sent.push(`${pipe}: ${bytes[0]}`),
        close: (pipe: number) => closed.push(pipe),
        stop: async () => {},
      },
    ],
    sessions: bench.table,
    directory: {
      poll: () => false,
      onWake: nothing,
      drain: nothing,
      leave: nothing,
      stop: async () => {},
    },
    clock: { nowUs: () => bench.nowUs },
    log: { debug: nothing },
    spend: () => !full,
    onAuth: null,
  };
  const pump = new Pump(parts as unknown as PumpParts);
  pump.start();
  const [ann, bob] = [bench.open('1.1.1.1'), bench.open('2.2.2.2')];
  heard(ann, hello(token({ userId: 'ann' })));
  full = false;
  heard(bob, hello(token({ userId: 'bob' })));
  test.same(sent, [`${ann}: 5`, `${bob}: 2`], 'goodbye to one, accept to the other');
  test.same(closed, [ann]);
  await pump.stop(0);
});
