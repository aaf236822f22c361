/* What the parsers in C share: what they report, and the clock around them.

   A parser is a shared library with one function, which is given a stream, the lengths of its feeds and how often to
   parse it. It counts what it finds; with a `report` it tells of each event instead, so that it can be checked. */

#ifndef BENCH_H
#define BENCH_H

#include <stddef.h>
#include <stdint.h>
#include <time.h>

enum kind { DATA, COMMAND, OPTION, SUBNEGOTIATION };

typedef void report_function(int kind, int command, int option, const char *data, size_t size);

struct counts {
    uint64_t data;   /* bytes of it */
    uint64_t events; /* everything else */
};

/* Returns the nanoseconds of all passes together. */
uint64_t run(const char *stream, const size_t *lengths, size_t feeds, size_t passes, struct counts *counts,
             report_function *report);

static inline uint64_t nanoseconds(void) {
    struct timespec now;
    clock_gettime(CLOCK_THREAD_CPUTIME_ID, &now);
    return (uint64_t)now.tv_sec * 1000000000u + (uint64_t)now.tv_nsec;
}

#endif
