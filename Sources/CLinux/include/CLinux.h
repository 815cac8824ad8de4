#ifndef SHUNT_CLINUX_H
#define SHUNT_CLINUX_H

// What Swift's own module of the C library leaves out: epoll, eventfd, accept4, names of threads. Every call answers with what the system
// said, or with the negative errno.

#include <stddef.h>
#include <stdint.h>
#include <sys/socket.h>
#include <sys/types.h>

/// One event of a poller: what happened (`SHUNT_IN` …) and the word that the descriptor was registered with.
struct shunt_event {
    uint64_t token;
    uint32_t flags;
};

#define SHUNT_IN 0x001u
#define SHUNT_OUT 0x004u
#define SHUNT_ERROR 0x008u
#define SHUNT_HANGUP 0x010u
/// Of the pollers that watch a listening socket one is woken, not all.
#define SHUNT_EXCLUSIVE (1u << 28)

int shunt_poller_open(void);
int shunt_poller_add(int poller, int descriptor, uint32_t flags, uint64_t token);
int shunt_poller_change(int poller, int descriptor, uint32_t flags, uint64_t token);
int shunt_poller_remove(int poller, int descriptor);
/// Waits for at most `most` events (and never more than 256), `timeout` nanoseconds; a negative one is for ever. Kernels
/// before 5.11 wait in whole milliseconds, rounded up.
int shunt_poller_wait(int poller, struct shunt_event *events, int most, int64_t timeout);

/// A descriptor that becomes readable by `shunt_waker_wake` and stays so until `shunt_waker_clear`.
int shunt_waker_open(void);
int shunt_waker_wake(int waker);
int shunt_waker_clear(int waker);

/// A non-blocking connection, closed on exec.
int shunt_accept(int listener, struct sockaddr_storage *address, socklen_t *length);

/// Bytes that were read or sent. Never SIGPIPE.
ssize_t shunt_receive(int descriptor, void *bytes, size_t count);
ssize_t shunt_send(int descriptor, const void *bytes, size_t count);

/// Processors that this process may run on; 0 where the system does not say.
int shunt_processors(void);

/// Has the allocator give free memory back to the system.
void shunt_give_memory_back(void);

/// Names the calling thread; the system takes 15 bytes at most.
void shunt_name_thread(const char *name);

/// Nanoseconds of the monotonic clock.
int64_t shunt_clock(void);

#endif
