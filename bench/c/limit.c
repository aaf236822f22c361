/* The limit: the least that a Telnet parser in C can do. One pass with memchr, no Python, callbacks that count, and no
   copy but that of a run with escapes and of a payload that is cut by the end of a feed. */

#include "bench.h"
#include <stdlib.h>
#include <string.h>

enum { SE = 240, SB = 250, WILL = 251, IAC = 255 };

enum { BLOCK = 16 }; /* bytes that are copied in one go where escapes are dense */

enum state { STREAM, STREAM_IAC, STREAM_OPTION, SB_OPTION, PAYLOAD, PAYLOAD_IAC };

struct parser {
    enum state state;
    unsigned char command;
    unsigned char option;
    unsigned char *payload; /* large enough for any stream of this run */
    size_t length;
    unsigned char *scratch; /* as large as the longest feed */
    struct counts *counts;
    report_function *report;
};

typedef const unsigned char *bytes;

/* The callbacks. Not inlined: a handler is somebody else's code. */

__attribute__((noinline)) static void on_data(struct parser *p, bytes data, size_t size) {
    if (p->report)
        p->report(DATA, 0, 0, (const char *)data, size);
    p->counts->data += size;
}

__attribute__((noinline)) static void on_command(struct parser *p, unsigned char command) {
    if (p->report)
        p->report(COMMAND, command, 0, "", 0);
    p->counts->events++;
}

__attribute__((noinline)) static void on_option(struct parser *p, unsigned char command, unsigned char option) {
    if (p->report)
        p->report(OPTION, command, option, "", 0);
    p->counts->events++;
}

__attribute__((noinline)) static void on_subnegotiation(struct parser *p, bytes data, size_t size) {
    if (p->report)
        p->report(SUBNEGOTIATION, 0, p->option, (const char *)data, size);
    p->counts->events++;
}

static bytes find_iac(bytes at, bytes end) {
    bytes iac = memchr(at, IAC, (size_t)(end - at));
    return iac ? iac : end;
}

/* Copies `size` bytes, escapes undone, without a branch that depends on one: each byte is written, and the next one over
   it if it was the first IAC of a pair. Returns whether there was no IAC but in pairs; if so, `out` and `first`, which is
   1 behind the first of a pair, are moved on. */
static inline int copy_pairs(bytes at, size_t size, unsigned char **out, size_t *first) {
    unsigned char *to = *out;
    size_t odd = *first, single = 0;
    for (size_t i = 0; i < size; i++) {
        size_t iac = at[i] == IAC;
        single |= odd & (iac ^ 1);
        *to = at[i];
        odd = iac & (odd ^ 1);
        to += odd ^ 1;
    }
    if (single)
        return 0;
    *out = to;
    *first = odd;
    return 1;
}

/* Reads a run of data with escapes in it, of which `iac` is the first. */
static bytes escaped_run(struct parser *p, bytes at, bytes iac, bytes end) {
    unsigned char *out = p->scratch;
    size_t first = 0;
    for (;;) {
        memcpy(out, at, (size_t)(iac - at));
        out += iac - at;
        at = iac;
        while (end - at >= BLOCK && (first || memchr(at, IAC, BLOCK)) && copy_pairs(at, BLOCK, &out, &first))
            at += BLOCK;
        if (first || end - at < BLOCK || memchr(at, IAC, BLOCK))
            break;
        iac = find_iac(at + BLOCK, end);
    }
    while (at < end && copy_pairs(at, 1, &out, &first))
        at++;
    on_data(p, p->scratch, (size_t)(out - p->scratch));
    return at - first;
}

static bytes stream(struct parser *p, bytes at, bytes end) {
    bytes iac = *at == IAC ? at : find_iac(at, end);
    if (iac + 1 < end && iac[1] == IAC)
        return escaped_run(p, at, iac, end);
    if (iac > at)
        on_data(p, at, (size_t)(iac - at));
    if (iac == end)
        return end;
    if (iac + 2 < end && iac[1] >= WILL) {
        on_option(p, iac[1], iac[2]);
        return iac + 3;
    }
    p->state = STREAM_IAC;
    return iac + 1;
}

static bytes stream_iac(struct parser *p, bytes at) {
    p->state = STREAM;
    if (*at == IAC)
        on_data(p, at, 1);
    else if (*at >= WILL) {
        p->state = STREAM_OPTION;
        p->command = *at;
    } else if (*at == SB)
        p->state = SB_OPTION;
    else
        on_command(p, *at);
    return at + 1;
}

static bytes payload(struct parser *p, bytes at, bytes end) {
    bytes iac = find_iac(at, end);
    if (!p->length && iac + 1 < end && iac[1] == SE) {
        on_subnegotiation(p, at, (size_t)(iac - at));
        p->state = STREAM;
        return iac + 2;
    }
    memcpy(p->payload + p->length, at, (size_t)(iac - at));
    p->length += (size_t)(iac - at);
    if (iac == end)
        return end;
    p->state = PAYLOAD_IAC;
    return iac + 1;
}

static bytes payload_iac(struct parser *p, bytes at) {
    if (*at == IAC) {
        p->payload[p->length++] = IAC;
        p->state = PAYLOAD;
    } else { /* SE: the streams here have no other */
        on_subnegotiation(p, p->payload, p->length);
        p->length = 0;
        p->state = STREAM;
    }
    return at + 1;
}

static void feed(struct parser *p, bytes at, bytes end) {
    while (at < end) {
        switch (p->state) {
        case STREAM:
            at = stream(p, at, end);
            break;
        case STREAM_IAC:
            at = stream_iac(p, at);
            break;
        case STREAM_OPTION:
            on_option(p, p->command, *at++);
            p->state = STREAM;
            break;
        case SB_OPTION:
            p->option = *at++;
            p->state = PAYLOAD;
            break;
        case PAYLOAD:
            at = payload(p, at, end);
            break;
        case PAYLOAD_IAC:
            at = payload_iac(p, at);
            break;
        }
    }
}

uint64_t run(const char *data, const size_t *lengths, size_t feeds, size_t passes, struct counts *counts,
             report_function *report) {
    size_t size = 0;
    for (size_t i = 0; i < feeds; i++)
        size += lengths[i];
    struct parser parser = {.payload = malloc(size), .scratch = malloc(size), .counts = counts, .report = report};
    uint64_t start = nanoseconds();
    for (size_t pass = 0; pass < passes; pass++) {
        bytes at = (bytes)data;
        for (size_t i = 0; i < feeds; i++) {
            feed(&parser, at, at + lengths[i]);
            at += lengths[i];
        }
    }
    uint64_t end = nanoseconds();
    free(parser.payload);
    free(parser.scratch);
    return end - start;
}
