#include "CDeflate.h"

#include <stdlib.h>
#include <string.h>
#define ZLIB_CONST
#include <zlib.h>

static const unsigned char tail[4] = {0x00, 0x00, 0xff, 0xff};

// zlib counts in `unsigned int`: longer input and room are lent piece by piece.
static uInt at_most(size_t count) { return count > (1u << 30) ? (1u << 30) : (uInt)count; }

// MARK: Compressing

struct shunt_deflater {
    z_stream stream;
    /// What zlib has not been lent yet.
    size_t left;
};

struct shunt_deflater *shunt_deflater_new(int level, int window_bits) {
    // zlib takes 8 bits for 9, which a peer with a window of 8 could not read.
    if (window_bits < 9 || window_bits > 15) return NULL;
    struct shunt_deflater *deflater = calloc(1, sizeof *deflater);
    if (!deflater) return NULL;
    int memory = window_bits - 7;
    if (deflateInit2(&deflater->stream, level, Z_DEFLATED, -window_bits, memory, Z_DEFAULT_STRATEGY) != Z_OK) {
        free(deflater);
        return NULL;
    }
    return deflater;
}

void shunt_deflater_free(struct shunt_deflater *deflater) {
    if (!deflater) return;
    deflateEnd(&deflater->stream);
    free(deflater);
}

void shunt_deflater_reset(struct shunt_deflater *deflater) { deflateReset(&deflater->stream); }

void shunt_deflater_begin(struct shunt_deflater *deflater, const uint8_t *bytes, size_t count) {
    deflater->stream.next_in = bytes;
    deflater->stream.avail_in = 0;
    deflater->left = count;
}

int shunt_deflater_step(struct shunt_deflater *deflater, uint8_t *room, size_t size, size_t *written) {
    z_stream *stream = &deflater->stream;
    *written = 0;
    while (size > *written) {
        if (stream->avail_in == 0 && deflater->left > 0) {
            stream->avail_in = at_most(deflater->left);
            deflater->left -= stream->avail_in;
        }
        uInt available = at_most(size - *written);
        stream->next_out = room + *written;
        stream->avail_out = available;
        int result = deflate(stream, deflater->left > 0 ? Z_NO_FLUSH : Z_SYNC_FLUSH);
        *written += available - stream->avail_out;
        if (result != Z_OK && result != Z_BUF_ERROR) return SHUNT_DEFLATE_BAD;
        // A flush is whole only where room is left behind it.
        if (stream->avail_in == 0 && deflater->left == 0 && stream->avail_out > 0) return SHUNT_DEFLATE_DONE;
        if (result == Z_BUF_ERROR && stream->avail_out > 0) return SHUNT_DEFLATE_BAD;
    }
    return SHUNT_DEFLATE_MORE;
}

size_t shunt_deflater_bound(struct shunt_deflater *deflater, size_t count) {
    // zlib's bound is of a stream that is finished; a flush ends with an empty block instead.
    return deflateBound(&deflater->stream, count) + 16;
}

// MARK: Decompressing

struct shunt_inflater {
    z_stream stream;
    size_t left;
    /// The tail has been lent, too.
    int in_tail;
};

struct shunt_inflater *shunt_inflater_new(int window_bits) {
    if (window_bits < 8 || window_bits > 15) return NULL;
    struct shunt_inflater *inflater = calloc(1, sizeof *inflater);
    if (!inflater) return NULL;
    if (inflateInit2(&inflater->stream, -window_bits) != Z_OK) {
        free(inflater);
        return NULL;
    }
    return inflater;
}

void shunt_inflater_free(struct shunt_inflater *inflater) {
    if (!inflater) return;
    inflateEnd(&inflater->stream);
    free(inflater);
}

void shunt_inflater_reset(struct shunt_inflater *inflater) { inflateReset(&inflater->stream); }

void shunt_inflater_begin(struct shunt_inflater *inflater, const uint8_t *bytes, size_t count) {
    inflater->stream.next_in = bytes;
    inflater->stream.avail_in = 0;
    inflater->left = count;
    inflater->in_tail = 0;
}

/// Goes on behind a final block (RFC 7692 §7.2.3.5): with the same window, at the next byte.
static int go_on(struct shunt_inflater *inflater) {
    unsigned char window[1 << 15];
    uInt length = 0;
    if (inflateGetDictionary(&inflater->stream, window, &length) != Z_OK) return SHUNT_DEFLATE_BAD;
    if (inflateReset(&inflater->stream) != Z_OK) return SHUNT_DEFLATE_BAD;
    if (length > 0 && inflateSetDictionary(&inflater->stream, window, length) != Z_OK) return SHUNT_DEFLATE_BAD;
    return SHUNT_DEFLATE_DONE;
}

/// Lends zlib the next bytes: of the message, then the tail. False where there are none.
static int lend(struct shunt_inflater *inflater) {
    z_stream *stream = &inflater->stream;
    if (inflater->left > 0) {
        stream->avail_in = at_most(inflater->left);
        inflater->left -= stream->avail_in;
        return 1;
    }
    if (inflater->in_tail) return 0;
    inflater->in_tail = 1;
    stream->next_in = tail;
    stream->avail_in = sizeof tail;
    return 1;
}

int shunt_inflater_step(struct shunt_inflater *inflater, uint8_t *room, size_t size, size_t *written) {
    z_stream *stream = &inflater->stream;
    *written = 0;
    while (size > *written) {
        if (stream->avail_in == 0) (void)lend(inflater);
        uInt available = at_most(size - *written);
        stream->next_out = room + *written;
        stream->avail_out = available;
        int result = inflate(stream, Z_SYNC_FLUSH);
        *written += available - stream->avail_out;
        if (result == Z_STREAM_END) {
            int nothing_left = stream->avail_in == 0 && inflater->left == 0;
            int was_message = !inflater->in_tail;
            if (go_on(inflater) != SHUNT_DEFLATE_DONE) return SHUNT_DEFLATE_BAD;
            // A message that ends with its final block has no need of the tail.
            if (nothing_left && was_message) return SHUNT_DEFLATE_DONE;
            continue;
        }
        if (result == Z_MEM_ERROR) return SHUNT_DEFLATE_NO_MEMORY;
        if (result != Z_OK && result != Z_BUF_ERROR) return SHUNT_DEFLATE_BAD;
        if (stream->avail_out == 0) return SHUNT_DEFLATE_MORE;
        if (stream->avail_in > 0 || inflater->left > 0 || !inflater->in_tail) continue;
        // All is read: right only between two blocks, with no bit over.
        return (stream->data_type & 0xff) == 128 ? SHUNT_DEFLATE_DONE : SHUNT_DEFLATE_BAD;
    }
    return SHUNT_DEFLATE_MORE;
}
