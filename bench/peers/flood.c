/*
 * Spoofed handshakes for `fray bench flood`: RATE datagrams a second to 127.0.0.1:PORT from many addresses and ports of 127.0.0.0/8. Every other
 * one is a connection request whose public part is valid (read from FILE: prefix byte, version, protocol id, expiry, nonce, sealed part) and whose
 * sealed part differs in each, so that only opening it tells; the rest is noise, and requests that are wrong in their public part.
 *
 *   cc -O2 -o flood flood.c && ./flood PORT RATE FILE SEED      PORT 0: into a socket of its own that nobody reads
 *
 * Runs until it is told to end (SIGTERM), then prints "sent N bytes N replies N reply-bytes N".
 */
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

enum { SOCKETS = 512, REQUEST_BYTES = 1078, SEALED_AT = 54, EXPIRY_AT = 22, STEP_NS = 1000000 };

static volatile sig_atomic_t over;
static uint32_t state;

static void end(int signal) {
  (void)signal;
  over = 1;
}

static uint32_t chance(void) {
  state ^= state << 13;
  state ^= state >> 17;
  return state ^= state << 5;
}

static long long now_ns(void) {
  struct timespec t;
  clock_gettime(CLOCK_MONOTONIC, &t);
  return t.tv_sec * 1000000000LL + t.tv_nsec;
}

/* A socket of an address of its own. */
static int opened(struct sockaddr_in *server) {
  int fd = socket(AF_INET, SOCK_DGRAM | SOCK_NONBLOCK, 0);
  struct sockaddr_in own = {.sin_family = AF_INET};
  own.sin_addr.s_addr = htonl(0x7f000000 | (1 + chance() % 0xfffffd));
  if (fd < 0 || bind(fd, (struct sockaddr *)&own, sizeof own) < 0 ||
      connect(fd, (struct sockaddr *)server, sizeof *server) < 0)
    perror("flood"), exit(1);
  return fd;
}

static size_t made(uint8_t *bytes, const uint8_t *request) {
  memcpy(bytes, request, REQUEST_BYTES);
  uint32_t salt = chance();
  if (salt & 1) {
    for (int at = 0; at < 16; at += 4) {
      uint32_t noise = chance();
      memcpy(bytes + SEALED_AT + at, &noise, 4);
    }
    return REQUEST_BYTES;
  }
  switch (salt >> 1 & 3) {
    case 0: /* too short */
      return 1 + chance() % (REQUEST_BYTES - 1);
    case 1: /* of another protocol */
      bytes[14 + chance() % 8] ^= 1 + chance() % 255;
      return REQUEST_BYTES;
    case 2: /* past its expiry */
      memset(bytes + EXPIRY_AT, 0, 8);
      return REQUEST_BYTES;
    default: { /* noise that may look like any packet of a client */
      size_t length = 1 + chance() % 200;
      for (size_t at = 0; at < length; at++) bytes[at] = (uint8_t)chance();
      return length;
    }
  }
}

int main(int argc, char **argv) {
  static uint8_t request[REQUEST_BYTES], bytes[REQUEST_BYTES];
  static int sockets[SOCKETS];
  if (argc != 5) return fprintf(stderr, "flood PORT RATE FILE SEED\n"), 2;
  FILE *file = fopen(argv[3], "rb");
  if (!file || fread(request, 1, REQUEST_BYTES, file) != REQUEST_BYTES) return perror(argv[3]), 1;
  long long rate = atoll(argv[2]);
  state = (uint32_t)atoll(argv[4]) * 2654435761u | 1;
  struct sockaddr_in server = {.sin_family = AF_INET, .sin_port = htons((uint16_t)atoi(argv[1]))};
  server.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  if (server.sin_port == 0) {
    int sink = socket(AF_INET, SOCK_DGRAM, 0);
    socklen_t size = sizeof server;
    if (bind(sink, (struct sockaddr *)&server, size) < 0) return perror("sink"), 1;
    getsockname(sink, (struct sockaddr *)&server, &size);
  }
  for (int i = 0; i < SOCKETS; i++) sockets[i] = opened(&server);
  signal(SIGTERM, end);
  printf("ready\n");
  fflush(stdout);
  long long sent = 0, sent_bytes = 0, replies = 0, reply_bytes = 0, start = now_ns();
  while (!over) {
    long long due = (now_ns() - start) * rate / 1000000000LL;
    /* What a busy machine kept from being sent is not made up for all at once. */
    for (int burst = 0; sent < due && burst < rate / 100; burst++) {
      size_t length = made(bytes, request);
      if (send(sockets[sent % SOCKETS], bytes, length, 0) > 0) sent_bytes += length;
      sent++;
    }
    static int look;
    for (int n = 0; n < 32; n++) {
      int i = look++ % SOCKETS;
      ssize_t got;
      while ((got = recv(sockets[i], bytes, sizeof bytes, 0)) > 0) replies++, reply_bytes += got;
    }
    struct timespec rest = {0, STEP_NS};
    nanosleep(&rest, NULL);
  }
  double seconds = (now_ns() - start) / 1e9;
  printf("sent %lld bytes %lld replies %lld reply-bytes %lld seconds %.3f\n", sent, sent_bytes, replies, reply_bytes, seconds);
  return 0;
}
