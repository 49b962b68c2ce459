/*
 * Peer of `fray bench io`: the least that a UDP server can do. recvmmsg takes what clients send, sendmmsg sends each of them a payload of
 * BYTES bytes 30 times a second; no cipher, no session, no game. A client is whoever sent something in the last second; it is known by its
 * port, because all of them are on 127.0.0.1.
 *
 *   cc -O2 -o raw-udp raw-udp.c && ./raw-udp BYTES        prints "port N", serves until it is killed
 */
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

enum { BATCH = 64, BYTES_MAX = 1500, CLIENTS_MAX = 65536, BUFFER_BYTES = 4 << 20 };
static const long long SECOND_NS = 1000000000LL, TICK_NS = SECOND_NS / 30;

static struct sockaddr_in clients[CLIENTS_MAX];
/* When a port was last heard of; 0: it is not among the clients. */
static long long heard_ns[CLIENTS_MAX];
static int count;

static long long now_ns(void) {
  struct timespec t;
  clock_gettime(CLOCK_MONOTONIC, &t);
  return t.tv_sec * 1000000000LL + t.tv_nsec;
}

static void take(int fd) {
  static char bytes[BATCH][BYTES_MAX];
  static struct sockaddr_in from[BATCH];
  struct iovec parts[BATCH];
  struct mmsghdr heads[BATCH];
  long long now = now_ns();
  for (;;) {
    for (int i = 0; i < BATCH; i++) {
      parts[i] = (struct iovec){bytes[i], BYTES_MAX};
      memset(&heads[i], 0, sizeof heads[i]);
      heads[i].msg_hdr.msg_name = &from[i];
      heads[i].msg_hdr.msg_namelen = sizeof from[i];
      heads[i].msg_hdr.msg_iov = &parts[i];
      heads[i].msg_hdr.msg_iovlen = 1;
    }
    int got = recvmmsg(fd, heads, BATCH, MSG_DONTWAIT, NULL);
    if (got <= 0) return;
    for (int i = 0; i < got; i++) {
      unsigned port = ntohs(from[i].sin_port);
      if (heard_ns[port] == 0) clients[count++] = from[i];
      heard_ns[port] = now;
    }
    if (got < BATCH) return;
  }
}

/* Who has gone is sent nothing: it would cost more than one that is there. */
static void forget(void) {
  long long now = now_ns();
  int kept = 0;
  for (int i = 0; i < count; i++) {
    unsigned port = ntohs(clients[i].sin_port);
    if (now - heard_ns[port] < SECOND_NS) clients[kept++] = clients[i];
    else heard_ns[port] = 0;
  }
  count = kept;
}

static void give(int fd, size_t length) {
  static char payload[BYTES_MAX];
  memset(payload, 0x5a, length);
  struct iovec part = {payload, length};
  struct mmsghdr heads[BATCH];
  for (int first = 0; first < count; first += BATCH) {
    int n = count - first < BATCH ? count - first : BATCH;
    for (int i = 0; i < n; i++) {
      memset(&heads[i], 0, sizeof heads[i]);
      heads[i].msg_hdr.msg_name = &clients[first + i];
      heads[i].msg_hdr.msg_namelen = sizeof clients[0];
      heads[i].msg_hdr.msg_iov = &part;
      heads[i].msg_hdr.msg_iovlen = 1;
    }
    for (int sent = 0; sent < n;) {
      int more = sendmmsg(fd, heads + sent, n - sent, 0);
      /* A client that has gone answers with ECONNREFUSED once; the next one is served. */
      sent += more > 0 ? more : 1;
    }
  }
}

int main(int argc, char **argv) {
  size_t length = argc > 1 ? (size_t)atoi(argv[1]) : 0;
  if (length == 0 || length > BYTES_MAX) return fprintf(stderr, "raw-udp BYTES\n"), 2;
  int fd = socket(AF_INET, SOCK_DGRAM, 0);
  int buffer = BUFFER_BYTES;
  setsockopt(fd, SOL_SOCKET, SO_RCVBUF, &buffer, sizeof buffer);
  setsockopt(fd, SOL_SOCKET, SO_SNDBUF, &buffer, sizeof buffer);
  struct sockaddr_in at = {.sin_family = AF_INET, .sin_addr = {htonl(INADDR_LOOPBACK)}};
  socklen_t size = sizeof at;
  if (bind(fd, (struct sockaddr *)&at, size) < 0) return perror("bind"), 1;
  getsockname(fd, (struct sockaddr *)&at, &size);
  printf("port %u\n", ntohs(at.sin_port));
  fflush(stdout);
  long long due = now_ns() + TICK_NS;
  for (;;) {
    long long wait = due - now_ns();
    struct pollfd one = {fd, POLLIN, 0};
    struct timespec sleep = {0, wait > 0 ? wait : 0};
    if (wait > 0 && ppoll(&one, 1, &sleep, NULL) > 0) take(fd);
    if (now_ns() < due) continue;
    take(fd);
    forget();
    give(fd, length);
    due += TICK_NS;
    if (due < now_ns()) due = now_ns() + TICK_NS;
  }
}
