// The least that a warm call can take: its wake-ups and its segments, and nothing else. A session passes a word to two worker processes, as
// memshare does by its supervisor thread, and waits until both have answered; with a board and a page of results, made for the call or kept.
// cc -O2 -pthread -o /tmp/floor bench/floor.c && /tmp/floor [MILLISECONDS]     between two calls: 0
#define _GNU_SOURCE
#include <fcntl.h>
#include <pthread.h>
#include <semaphore.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

enum { CALLS = 5000, BOARD = 36864, RESULTS = 8192, HEADER = 4096 };
enum kind { DIRECT, SUPERVISED, NEW_SEGMENTS, KEPT_SEGMENTS };

// What workers are told: how, and where the segments are.
struct word {
  enum kind kind;
  char board[48], results[48];
};

static int worker[2][2], inbox[2];
static sem_t done;
static useconds_t between;

static void *must(void *x) {
  if (x == MAP_FAILED) perror("floor"), exit(1);
  return x;
}

static int check(int outcome) {
  if (outcome < 0) perror("floor"), exit(1);
  return outcome;
}

static double now(void) {
  struct timespec t;
  clock_gettime(CLOCK_MONOTONIC, &t);
  return t.tv_sec * 1e6 + t.tv_nsec / 1e3;
}

static char *map_board(int file) { return must(mmap(0, BOARD, PROT_READ | PROT_WRITE, MAP_SHARED, file, 0)); }

static void work(int channel) {
  struct word word;
  char answer[8] = "done", *board = 0;
  int results = -1;
  while (recv(channel, &word, sizeof word, 0) > 0) {
    if (word.kind >= NEW_SEGMENTS) {
      if (!board) {
        int file = check(open(word.board, O_RDWR));
        board = map_board(file);
        close(file);
        results = check(open(word.results, O_RDWR));
      }
      __atomic_add_fetch((int *)board, 1, __ATOMIC_SEQ_CST);
      check(pwrite(results, answer, 8, HEADER));
      if (word.kind == NEW_SEGMENTS) {
        munmap(board, BOARD);
        close(results);
        board = 0;
      }
    }
    check(send(channel, answer, 4, 0));
  }
  _exit(0);
}

static void ask(const struct word *word) {
  char answer[8];
  for (int k = 0; k < 2; k++) check(send(worker[k][0], word, sizeof *word, 0));
  for (int k = 0; k < 2; k++) check(recv(worker[k][0], answer, 8, 0));
}

static void *supervise(void *unused) {
  struct word word;
  while (recv(inbox[1], &word, sizeof word, 0) > 0) {
    ask(&word);
    sem_post(&done);
  }
  return unused;
}

// A segment, its memory reserved, with a header.
static int made(const char *name, off_t bytes) {
  static char header[HEADER] = {1};
  int file = check(open(name, O_RDWR | O_CREAT | O_EXCL, 0600));
  check(ftruncate(file, bytes));
  check(-posix_fallocate(file, 0, bytes));
  check(pwrite(file, header, HEADER, 0));
  return file;
}

static int by_size(const void *a, const void *b) {
  double x = *(const double *)a, y = *(const double *)b;
  return (x > y) - (x < y);
}

static void measure(enum kind kind, const char *what) {
  static double took[CALLS];
  struct word word = {.kind = kind};
  char *board = 0, value[8];
  int results = -1;
  snprintf(word.board, sizeof word.board, "/dev/shm/floor-%d-board", getpid());
  snprintf(word.results, sizeof word.results, "/dev/shm/floor-%d-results", getpid());
  int calls = between ? CALLS / 50 : CALLS;
  for (int i = 0; i < calls; i++) {
    if (between) usleep(between);
    double begun = now();
    if (kind >= NEW_SEGMENTS && !board) {
      results = made(word.results, RESULTS);
      int file = made(word.board, BOARD);
      board = map_board(file);
      close(file);
    }
    if (kind == DIRECT) {
      ask(&word);
    } else {
      check(send(inbox[0], &word, sizeof word, 0));
      sem_wait(&done);
    }
    if (kind >= NEW_SEGMENTS) check(pread(results, value, 8, HEADER));
    if (kind == NEW_SEGMENTS || (kind == KEPT_SEGMENTS && i == calls - 1)) {
      munmap(board, BOARD);
      close(results);
      unlink(word.board);
      unlink(word.results);
      board = 0;
    }
    took[i] = now() - begun;
  }
  qsort(took, calls, sizeof *took, by_size);
  printf("%-60s %4.0f us\n", what, took[calls / 2]);
}

int main(int count, char **arguments) {
  if (count > 1) between = 1000 * atoi(arguments[1]);
  for (int k = 0; k < 2; k++) {
    check(socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, worker[k]));
    if (check(fork()) == 0) {
      for (int other = 0; other <= k; other++) close(worker[other][0]);
      work(worker[k][1]);
    }
    close(worker[k][1]);
  }
  check(socketpair(AF_UNIX, SOCK_SEQPACKET, 0, inbox));
  sem_init(&done, 0, 0);
  pthread_t thread;
  check(-pthread_create(&thread, 0, supervise, 0));
  measure(DIRECT, "session, two workers, session");
  measure(SUPERVISED, "the same through a supervisor thread");
  measure(NEW_SEGMENTS, "the same with a new board and page of results in each call");
  measure(KEPT_SEGMENTS, "the same with those of the call before");
  for (int k = 0; k < 2; k++) close(worker[k][0]);
  while (wait(0) > 0) {}
  return 0;
}
