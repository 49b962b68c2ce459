import type { MemoryPipe } from '../../src/transport/client/memory.ts';
import { connectMemory } from '../../src/transport/client/memory.ts';
import { MemoryServer } from '../../src/transport/server/memory.ts';
import { contract } from './contract.ts';

contract({
  name: 'memory',
  async open() {
    const server = new MemoryServer();
    return {
      server,
      connect: async () => connectMemory(server, 'peer-1'),
      pause: (pipe) => (pipe as MemoryPipe).pause(),
      resume: (pipe) => (pipe as MemoryPipe).resume(),
      vanish: (pipe) => (pipe as MemoryPipe).vanish(),
      halfOpen: null,
      stop: () => server.stop(),
    };
  },
});
