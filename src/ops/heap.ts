/** How V8 keeps the heaps of this process. */
import { setFlagsFromString } from 'node:v8';

/**
 * From now on a heap of this process, a worker's too, may grow to three times what is in use before the whole of it is collected.
 *
 * node:dgram makes a buffer outside the heap for each datagram, and V8 takes the bytes of these for growth of the old generation:
 * 50,000 spoofed datagrams a second had the whole heap marked four times a second, by threads that took the processors away from
 * the rooms. Costs memory: some 20 MB are in use on an I/O thread, so 60 may stay before all of it is looked at.
 */
export function collectSeldom(): void {
  setFlagsFromString('--heap-growing-percent=200');
}
