/** How V8 keeps the heaps of this process. */
import { setFlagsFromString } from 'node:v8';

/**
 * From now on a heap of this process, a worker's too, may grow to three times what is in use before the whole of it is collected.
 *
 * node:dgram makes a buffer outside the heap for each datagram, and V8 takes the bytes of these for growth of the old generation:
 * 50,000 spoofed datagrams a second had the whole heap marked four times a second, by threads that took the processors away from
 * the rooms. Costs memory: some 20 MB are in use on an I/O thread, so 60 may stay before all of it is looked at.
 *
 * A thread that starts from now on has its whole heap marked when 64 MB are in use, and not at 8: a spare that takes up twenty rooms
 * passed that with their memory after a dozen of them, and the others waited 10 ms for it.
 */
export function collectSeldom(): void {
  setFlagsFromString('--heap-growing-percent=200');
  setFlagsFromString('--initial-old-space-size=64');
}
