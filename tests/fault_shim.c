/* Faults of the machine for a server under test: LD_PRELOAD puts these in the place of the C library's functions.
 *
 * Only sockets that somebody can connect to are concerned: those of TCP and named UNIX sockets, never the pair with which
 * an event loop wakes itself.  A test switches at run time, by ctypes:
 *
 *     fault_set("receive", ECONNRESET, -1, 3)    each third recv(), read() ... fails, until further notice
 *     fault_set("send", FAULT_SHORT, 10, 1)      the next ten send(), write() ... take a single byte
 *     fault_only((int[]){40000}, 1)              only for the connection whose peer has this port
 *     fault_clear()                              the machine is well again
 */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <string.h>
#include <netinet/in.h>
#include <sys/epoll.h>
#include <sys/ioctl.h>
#include <sys/select.h>
#include <sys/sendfile.h>
#include <sys/socket.h>
#include <sys/uio.h>
#include <sys/un.h>
#include <unistd.h>

enum { FAULT_SHORT = -1, ENDLESS = -1, MOST_PORTS = 64 };

enum call {
    ACCEPT, EPOLL_ADD, EPOLL_MOD, EPOLL_DEL, RECEIVE, SEND, SENDFILE, SETSOCKOPT, GETSOCKNAME, GETPEERNAME, SHUTDOWN,
    SOCKET, DUP, NONBLOCK, WAIT, CALLS
};

static const char *const names[CALLS] = {
    "accept", "epoll_add", "epoll_mod", "epoll_del", "receive", "send", "sendfile", "setsockopt", "getsockname",
    "getpeername", "shutdown", "socket", "dup", "nonblock", "wait"
};

struct rule {
    atomic_int error, count, every, seen;
    atomic_long calls, struck;
};

static struct rule rules[CALLS];
static atomic_int ports[MOST_PORTS], port_count;

/* The function of the C library whose place is taken here. */
#define REAL(function)                                                                                                     \
    (*({                                                                                                                   \
        static __typeof__(&function) found;                                                                                \
        if (found == NULL)                                                                                                 \
            found = (__typeof__(&function))real(#function);                                                                \
        found;                                                                                                             \
    }))

static void *real(const char *name) {
    void *found = dlsym(RTLD_NEXT, name);
    if (found == NULL)
        _exit(70);
    return found;
}

/* --- what a test calls -------------------------------------------------------------------------------------------- */

static struct rule *rule_of(const char *name) {
    for (int call = 0; call < CALLS; call++)
        if (strcmp(names[call], name) == 0)
            return &rules[call];
    return NULL;
}

/* Fail with ERROR each EVERY-th of the calls, COUNT times or, at ENDLESS, until further notice.  0 if there is such a call. */
int fault_set(const char *name, int error, int count, int every) {
    struct rule *rule = rule_of(name);
    if (rule == NULL || every < 1)
        return -1;
    rule->count = 0;
    rule->error = error;
    rule->every = every;
    rule->seen = 0;
    rule->struck = 0;
    rule->count = count;
    return 0;
}

/* Spare the connections of all peers but those with these ports; no ports at all are everybody. */
int fault_only(const int *chosen, int count) {
    if (count < 0 || count > MOST_PORTS)
        return -1;
    for (int index = 0; index < count; index++)
        ports[index] = chosen[index];
    port_count = count;
    return 0;
}

void fault_clear(void) {
    for (int call = 0; call < CALLS; call++)
        rules[call].count = 0;
    port_count = 0;
}

/* How many calls there were on sockets that are concerned; of "wait", how often the event loop went to sleep. */
long fault_calls(const char *name) {
    struct rule *rule = rule_of(name);
    return rule == NULL ? -1 : rule->calls;
}

/* How many of them failed since the latest fault_set(). */
long fault_struck(const char *name) {
    struct rule *rule = rule_of(name);
    return rule == NULL ? -1 : rule->struck;
}

/* --- which calls fail ---------------------------------------------------------------------------------------------- */

union address {
    struct sockaddr any;
    struct sockaddr_in v4;
    struct sockaddr_in6 v6;
    struct sockaddr_un un;
    struct sockaddr_storage room;
};

static int concerned(int fd) {
    union address own;
    socklen_t length = sizeof own;
    if (REAL(getsockname)(fd, &own.any, &length) < 0)
        return 0;
    if (own.any.sa_family == AF_UNIX)
        return length > sizeof own.un.sun_family;
    return own.any.sa_family == AF_INET || own.any.sa_family == AF_INET6;
}

static int chosen(int fd) {
    union address peer;
    socklen_t length = sizeof peer;
    int port = -1, count = port_count;
    if (count == 0)
        return 1;
    if (REAL(getpeername)(fd, &peer.any, &length) < 0)
        return 0;
    if (peer.any.sa_family == AF_INET)
        port = ntohs(peer.v4.sin_port);
    if (peer.any.sa_family == AF_INET6)
        port = ntohs(peer.v6.sin6_port);
    for (int index = 0; index < count; index++)
        if (ports[index] == port)
            return 1;
    return 0;
}

static int strikes(struct rule *rule) {
    int left = rule->count;
    if (left == 0 || atomic_fetch_add(&rule->seen, 1) % rule->every != rule->every - 1)
        return 0;
    while (left > 0 && !atomic_compare_exchange_weak(&rule->count, &left, left - 1))
        ;
    if (left == 0)
        return 0;
    rule->struck++;
    errno = rule->error;
    return rule->error;
}

/* The error that a call on a descriptor fails with, which is in errno then; 0 if it is to do its work. */
static int fault(enum call call, int fd) {
    int before = errno, error = 0;
    if (concerned(fd)) {
        rules[call].calls++;
        error = rules[call].count != 0 && chosen(fd) ? strikes(&rules[call]) : 0;
    }
    if (error == 0)
        errno = before;
    return error;
}

#define FAIL_OR(call, fd, otherwise) return fault(call, fd) ? -1 : (otherwise)

/* --- accepting ----------------------------------------------------------------------------------------------------- */

/* What takes the connection itself away, which nobody will accept then. */
static int takes_away(int error) {
    return error == ECONNABORTED || error == EPROTO || error == EPERM;
}

static void lose(int fd) {
    struct linger at_once = {.l_onoff = 1, .l_linger = 0};
    REAL(setsockopt)(fd, SOL_SOCKET, SO_LINGER, &at_once, sizeof at_once);
    close(fd);
}

int accept4(int fd, __SOCKADDR_ARG address, socklen_t *restrict length, int flags) {
    struct pollfd waiting = {.fd = fd, .events = POLLIN};
    int error, accepted;
    if (rules[ACCEPT].count != 0 && takes_away(rules[ACCEPT].error) && REAL(poll)(&waiting, 1, 0) == 0)
        return REAL(accept4)(fd, address, length, flags); /* nobody is there to be taken away */
    error = fault(ACCEPT, fd);
    if (error == 0)
        return REAL(accept4)(fd, address, length, flags);
    if (takes_away(error)) {
        accepted = REAL(accept4)(fd, NULL, NULL, SOCK_NONBLOCK);
        if (accepted >= 0)
            lose(accepted);
    }
    errno = error;
    return -1;
}

int accept(int fd, __SOCKADDR_ARG address, socklen_t *restrict length) {
    return accept4(fd, address, length, 0);
}

/* --- receiving ----------------------------------------------------------------------------------------------------- */

ssize_t recv(int fd, void *data, size_t size, int flags) {
    FAIL_OR(RECEIVE, fd, REAL(recv)(fd, data, size, flags));
}

ssize_t recvfrom(int fd, void *restrict data, size_t size, int flags, __SOCKADDR_ARG address, socklen_t *restrict length) {
    FAIL_OR(RECEIVE, fd, REAL(recvfrom)(fd, data, size, flags, address, length));
}

ssize_t recvmsg(int fd, struct msghdr *message, int flags) {
    FAIL_OR(RECEIVE, fd, REAL(recvmsg)(fd, message, flags));
}

ssize_t read(int fd, void *data, size_t size) {
    FAIL_OR(RECEIVE, fd, REAL(read)(fd, data, size));
}

ssize_t readv(int fd, const struct iovec *parts, int count) {
    FAIL_OR(RECEIVE, fd, REAL(readv)(fd, parts, count));
}

/* What a program that was compiled with _FORTIFY_SOURCE calls instead. */
ssize_t __recv_chk(int fd, void *data, size_t size, size_t room, int flags) {
    return size > room ? (_exit(70), -1) : recv(fd, data, size, flags);
}

ssize_t __read_chk(int fd, void *data, size_t size, size_t room) {
    return size > room ? (_exit(70), -1) : read(fd, data, size);
}

/* --- sending ------------------------------------------------------------------------------------------------------- */

static ssize_t send_first(int fd, const struct iovec *parts, size_t count, int flags) {
    for (size_t index = 0; index < count; index++)
        if (parts[index].iov_len > 0)
            return REAL(send)(fd, parts[index].iov_base, 1, flags);
    return 0;
}

#define SEND_OR(fd, short_one, otherwise)                                                                                 \
    do {                                                                                                                   \
        int error = fault(SEND, fd);                                                                                       \
        return error == FAULT_SHORT ? (short_one) : error ? -1 : (otherwise);                                              \
    } while (0)

static size_t one_of(size_t size) {
    return size > 1 ? 1 : size;
}

ssize_t send(int fd, const void *data, size_t size, int flags) {
    SEND_OR(fd, REAL(send)(fd, data, one_of(size), flags), REAL(send)(fd, data, size, flags));
}

ssize_t sendto(int fd, const void *data, size_t size, int flags, __CONST_SOCKADDR_ARG address, socklen_t length) {
    SEND_OR(fd, REAL(send)(fd, data, one_of(size), flags), REAL(sendto)(fd, data, size, flags, address, length));
}

ssize_t sendmsg(int fd, const struct msghdr *message, int flags) {
    SEND_OR(fd, send_first(fd, message->msg_iov, message->msg_iovlen, flags), REAL(sendmsg)(fd, message, flags));
}

ssize_t write(int fd, const void *data, size_t size) {
    SEND_OR(fd, REAL(write)(fd, data, one_of(size)), REAL(write)(fd, data, size));
}

ssize_t writev(int fd, const struct iovec *parts, int count) {
    SEND_OR(fd, send_first(fd, parts, (size_t)count, 0), REAL(writev)(fd, parts, count));
}

ssize_t sendfile(int to, int from, off_t *offset, size_t size) {
    FAIL_OR(SENDFILE, to, REAL(sendfile)(to, from, offset, size));
}

ssize_t sendfile64(int to, int from, __off64_t *offset, size_t size) {
    FAIL_OR(SENDFILE, to, REAL(sendfile64)(to, from, offset, size));
}

/* --- what else is asked of a socket -------------------------------------------------------------------------------- */

int setsockopt(int fd, int level, int name, const void *value, socklen_t length) {
    FAIL_OR(SETSOCKOPT, fd, REAL(setsockopt)(fd, level, name, value, length));
}

int getsockname(int fd, __SOCKADDR_ARG address, socklen_t *restrict length) {
    FAIL_OR(GETSOCKNAME, fd, REAL(getsockname)(fd, address, length));
}

int getpeername(int fd, __SOCKADDR_ARG address, socklen_t *restrict length) {
    FAIL_OR(GETPEERNAME, fd, REAL(getpeername)(fd, address, length));
}

int shutdown(int fd, int how) {
    FAIL_OR(SHUTDOWN, fd, REAL(shutdown)(fd, how));
}

int socket(int family, int type, int protocol) {
    if (family == AF_INET || family == AF_INET6 || family == AF_UNIX) {
        rules[SOCKET].calls++;
        if (strikes(&rules[SOCKET]))
            return -1;
    }
    return REAL(socket)(family, type, protocol);
}

int dup(int fd) {
    FAIL_OR(DUP, fd, REAL(dup)(fd));
}

static int fcntl_fault(int fd, int command) {
    if (command == F_DUPFD || command == F_DUPFD_CLOEXEC)
        return fault(DUP, fd);
    return command == F_SETFL ? fault(NONBLOCK, fd) : 0;
}

int fcntl(int fd, int command, ...) {
    va_list rest;
    va_start(rest, command);
    void *argument = va_arg(rest, void *);
    va_end(rest);
    return fcntl_fault(fd, command) ? -1 : REAL(fcntl)(fd, command, argument);
}

int fcntl64(int fd, int command, ...) {
    va_list rest;
    va_start(rest, command);
    void *argument = va_arg(rest, void *);
    va_end(rest);
    return fcntl_fault(fd, command) ? -1 : REAL(fcntl64)(fd, command, argument);
}

int ioctl(int fd, unsigned long request, ...) {
    va_list rest;
    va_start(rest, request);
    void *argument = va_arg(rest, void *);
    va_end(rest);
    return request == FIONBIO && fault(NONBLOCK, fd) ? -1 : REAL(ioctl)(fd, request, argument);
}

/* --- the event loop ------------------------------------------------------------------------------------------------ */

int epoll_ctl(int poller, int operation, int fd, struct epoll_event *event) {
    enum call call = operation == EPOLL_CTL_ADD ? EPOLL_ADD : operation == EPOLL_CTL_MOD ? EPOLL_MOD : EPOLL_DEL;
    int error = fault(call, fd);
    if (error != 0 && call == EPOLL_DEL)
        REAL(epoll_ctl)(poller, operation, fd, event); /* it can fail only where there is nothing to be deleted */
    if (error != 0)
        errno = error;
    return error ? -1 : REAL(epoll_ctl)(poller, operation, fd, event);
}

int epoll_wait(int poller, struct epoll_event *events, int most, int timeout) {
    rules[WAIT].calls++;
    return REAL(epoll_wait)(poller, events, most, timeout);
}

int epoll_pwait(int poller, struct epoll_event *events, int most, int timeout, const sigset_t *mask) {
    rules[WAIT].calls++;
    return REAL(epoll_pwait)(poller, events, most, timeout, mask);
}
