/* libtelnet, fed from C and calling C. Proxy mode is its mode without an answer of its own to a negotiation. */

#include "bench.h"
#include <libtelnet.h>

struct listener {
    struct counts *counts;
    report_function *report;
};

static int command_of(telnet_event_type_t type) {
    switch (type) {
    case TELNET_EV_WILL: return TELNET_WILL;
    case TELNET_EV_WONT: return TELNET_WONT;
    case TELNET_EV_DO: return TELNET_DO;
    default: return TELNET_DONT;
    }
}

static void count(telnet_t *telnet, telnet_event_t *event, void *user_data) {
    struct listener *listener = user_data;
    (void)telnet;
    switch (event->type) {
    case TELNET_EV_DATA:
        listener->counts->data += event->data.size;
        break;
    case TELNET_EV_IAC:
    case TELNET_EV_WILL:
    case TELNET_EV_WONT:
    case TELNET_EV_DO:
    case TELNET_EV_DONT:
    case TELNET_EV_SUBNEGOTIATION:
        listener->counts->events++;
        break;
    default:
        break;
    }
}

static void report(telnet_t *telnet, telnet_event_t *event, void *user_data) {
    struct listener *listener = user_data;
    (void)telnet;
    switch (event->type) {
    case TELNET_EV_DATA:
        listener->report(DATA, 0, 0, event->data.buffer, event->data.size);
        break;
    case TELNET_EV_IAC:
        listener->report(COMMAND, event->iac.cmd, 0, "", 0);
        break;
    case TELNET_EV_WILL:
    case TELNET_EV_WONT:
    case TELNET_EV_DO:
    case TELNET_EV_DONT:
        listener->report(OPTION, command_of(event->type), event->neg.telopt, "", 0);
        break;
    case TELNET_EV_SUBNEGOTIATION:
        listener->report(SUBNEGOTIATION, 0, event->sub.telopt, event->sub.buffer, event->sub.size);
        break;
    default:
        break;
    }
}

static void parse(telnet_t *telnet, const char *stream, const size_t *lengths, size_t feeds) {
    for (size_t feed = 0; feed < feeds; feed++) {
        telnet_recv(telnet, stream, lengths[feed]);
        stream += lengths[feed];
    }
}

uint64_t run(const char *stream, const size_t *lengths, size_t feeds, size_t passes, struct counts *counts,
             report_function *report_to) {
    static const telnet_telopt_t no_options[] = {{-1, 0, 0}};
    struct listener listener = {counts, report_to};
    telnet_t *telnet = telnet_init(no_options, report_to ? report : count, TELNET_FLAG_PROXY, &listener);
    uint64_t start = nanoseconds();
    for (size_t pass = 0; pass < passes; pass++)
        parse(telnet, stream, lengths, feeds);
    uint64_t end = nanoseconds();
    telnet_free(telnet);
    return end - start;
}
