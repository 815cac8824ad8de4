#ifndef _GNU_SOURCE
#define _GNU_SOURCE
#endif
#include "CLinux.h"

#include <errno.h>
#include <malloc.h>
#include <sched.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

_Static_assert(SHUNT_IN == EPOLLIN && SHUNT_OUT == EPOLLOUT, "flags of epoll");
_Static_assert(SHUNT_ERROR == EPOLLERR && SHUNT_HANGUP == EPOLLHUP, "flags of epoll");
_Static_assert(SHUNT_EXCLUSIVE == EPOLLEXCLUSIVE, "flags of epoll");

#define ANSWER(call) \
    ({ \
        __typeof__(call) said = (call); \
        said < 0 ? -errno : said; \
    })

int shunt_poller_open(void) { return ANSWER(epoll_create1(EPOLL_CLOEXEC)); }

static int control(int poller, int operation, int descriptor, uint32_t flags, uint64_t token) {
    struct epoll_event event = {.events = flags, .data = {.u64 = token}};
    return ANSWER(epoll_ctl(poller, operation, descriptor, &event));
}

int shunt_poller_add(int poller, int descriptor, uint32_t flags, uint64_t token) {
    return control(poller, EPOLL_CTL_ADD, descriptor, flags, token);
}

int shunt_poller_change(int poller, int descriptor, uint32_t flags, uint64_t token) {
    return control(poller, EPOLL_CTL_MOD, descriptor, flags, token);
}

int shunt_poller_remove(int poller, int descriptor) { return control(poller, EPOLL_CTL_DEL, descriptor, 0, 0); }

static int wait_for(int poller, struct epoll_event *found, int most, int64_t timeout) {
    static _Atomic int is_old;
    if (!is_old) {
        struct timespec span = {.tv_sec = timeout / 1000000000, .tv_nsec = timeout % 1000000000};
        int count = epoll_pwait2(poller, found, most, timeout < 0 ? NULL : &span, NULL);
        // Some sandboxes say EPERM to calls that they do not know.
        if (count >= 0 || (errno != ENOSYS && errno != EPERM)) return ANSWER(count);
        is_old = 1;
    }
    int64_t whole = timeout < 0 ? -1 : (timeout + 999999) / 1000000;
    return ANSWER(epoll_wait(poller, found, most, whole > INT32_MAX ? INT32_MAX : (int)whole));
}

int shunt_poller_wait(int poller, struct shunt_event *events, int most, int64_t timeout) {
    struct epoll_event found[256];
    int count = wait_for(poller, found, most < 256 ? most : 256, timeout);
    if (count < 0) return count;
    for (int index = 0; index < count; index++) {
        events[index].token = found[index].data.u64;
        events[index].flags = found[index].events;
    }
    return count;
}

int shunt_waker_open(void) { return ANSWER(eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK)); }

int shunt_waker_wake(int waker) {
    uint64_t one = 1;
    return write(waker, &one, sizeof one) < 0 ? -errno : 0;
}

int shunt_waker_clear(int waker) {
    uint64_t count;
    return read(waker, &count, sizeof count) < 0 ? -errno : 0;
}

int shunt_accept(int listener, struct sockaddr_storage *address, socklen_t *length) {
    return ANSWER(accept4(listener, (struct sockaddr *)address, length, SOCK_NONBLOCK | SOCK_CLOEXEC));
}

// The library's own calls are places where a thread may be cancelled, and make ready for that each time. None is here.

ssize_t shunt_receive(int descriptor, void *bytes, size_t count) {
    return ANSWER(syscall(SYS_recvfrom, descriptor, bytes, count, 0, NULL, NULL));
}

ssize_t shunt_send(int descriptor, const void *bytes, size_t count) {
    return ANSWER(syscall(SYS_sendto, descriptor, bytes, count, MSG_NOSIGNAL, NULL, 0));
}

int64_t shunt_clock(void) {
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return now.tv_sec * INT64_C(1000000000) + now.tv_nsec;
}

void shunt_name_thread(const char *name) { prctl(PR_SET_NAME, name, 0, 0, 0); }

int shunt_processors(void) {
    cpu_set_t set;
    return sched_getaffinity(0, sizeof set, &set) == 0 ? CPU_COUNT(&set) : 0;
}

void shunt_give_memory_back(void) { malloc_trim(0); }
