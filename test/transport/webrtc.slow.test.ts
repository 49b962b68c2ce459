/**
 * The WebRTC transport over a real `fray-rtc` and real peers. `FRAY_CYCLES=1000` is the long form of the connects and disconnects.
 */
import t from 'tap';
import { releaseWebRtc } from '../../src/transport/client/webrtc-node.ts';
import { CLOSE } from '../../src/transport/types.ts';
import { contract } from './contract.ts';
import { startRtc } from './rtc-bench.ts';

t.teardown(() => releaseWebRtc());

contract({
  name: 'webrtc',
  ordered: false,
  cycles: Number(process.env['FRAY_CYCLES'] ?? 40),
  async open(impatient) {
    // The burst of a test is meant to arrive: no gate before 64 KiB.
    const running = await startRtc({
      bufferedBytesMax: 65_536,
      sendBufferBytes: 65_536,
      ...(impatient ? { silentMs: 300 } : {}),
    });
    const beats: NodeJS.Timeout[] = [];
    return {
      server: running.server,
      async connect() {
        const pipe = await running.connect();
        // Whoever plays sends with each tick.
        if (impatient) beats.push(setInterval(() => pipe.send(Uint8Array.of(1)), 20));
        return pipe;
      },
      vanish: (pipe) => running.peerOf(pipe).close(),
      async halfOpen() {
        await running.connect();
      },
      async stop() {
        for (const beat of beats) clearInterval(beat);
        await running.stop();
      },
    };
  },
});
void CLOSE;
