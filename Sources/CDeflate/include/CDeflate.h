#ifndef SHUNT_CDEFLATE_H
#define SHUNT_CDEFLATE_H

// The payloads of compressed messages (RFC 7692 §7.2) by the system's zlib: raw DEFLATE, one message at a time. Input and
// output are lent; what a peer says is never trusted to say how much there is of it.

#include <stddef.h>
#include <stdint.h>

/// What came of a step.
enum {
    /// The message is done.
    SHUNT_DEFLATE_DONE = 0,
    /// There is more to come out: call again with more room.
    SHUNT_DEFLATE_MORE = 1,
    /// It is no DEFLATE, or ends in the middle of a block.
    SHUNT_DEFLATE_BAD = 2,
    /// zlib has no memory for it.
    SHUNT_DEFLATE_NO_MEMORY = 3,
};

// MARK: Compressing

struct shunt_deflater;

/// NULL where there is no memory, or no such window: 9 to 15 bits.
struct shunt_deflater *shunt_deflater_new(int level, int window_bits);
void shunt_deflater_free(struct shunt_deflater *deflater);
/// Forgets what was compressed before, so that the next message stands alone.
void shunt_deflater_reset(struct shunt_deflater *deflater);
/// Begins a message of `count` bytes, lent until it is done. The tail 00 00 ff ff comes out with it.
void shunt_deflater_begin(struct shunt_deflater *deflater, const uint8_t *bytes, size_t count);
/// Writes what there is room for.
int shunt_deflater_step(struct shunt_deflater *deflater, uint8_t *room, size_t size, size_t *written);
/// How many bytes are enough for the message, as a rule.
size_t shunt_deflater_bound(struct shunt_deflater *deflater, size_t count);

// MARK: Decompressing

struct shunt_inflater;

/// NULL where there is no memory, or no such window: 8 to 15 bits.
struct shunt_inflater *shunt_inflater_new(int window_bits);
void shunt_inflater_free(struct shunt_inflater *inflater);
void shunt_inflater_reset(struct shunt_inflater *inflater);
/// Begins a message of `count` bytes without its tail, lent until it is done.
void shunt_inflater_begin(struct shunt_inflater *inflater, const uint8_t *bytes, size_t count);
int shunt_inflater_step(struct shunt_inflater *inflater, uint8_t *room, size_t size, size_t *written);

#endif
