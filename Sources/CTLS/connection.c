#include "internal.h"

#include <openssl/err.h>
#include <openssl/x509v3.h>
#include <stdlib.h>
#include <string.h>

/// The most plaintext of one record, and what encryption adds to it at most.
#define LARGEST_RECORD 16384
#define RECORD_OVERHEAD 512

/// New keys that a peer may begin before it has said anything, and what it must say for each further one.
#define FREE_KEY_UPDATES 64
#define BYTES_PER_KEY_UPDATE 65536

// MARK: The wire

static int wire_read(BIO *bio, char *bytes, int length) {
    struct shunt_tls *tls = BIO_get_data(bio);
    BIO_clear_retry_flags(bio);
    // Whoever does nothing but begin new keys is heard no further.
    if (tls->key_updates > FREE_KEY_UPDATES + tls->bytes_read / BYTES_PER_KEY_UPDATE) return -1;
    if (length <= 0 || !tls->io || tls->io->in_count == 0) {
        BIO_set_retry_read(bio);
        return -1;
    }
    size_t count = tls->io->in_count < (size_t)length ? tls->io->in_count : (size_t)length;
    memcpy(bytes, tls->io->in, count);
    tls->io->in = (const char *)tls->io->in + count;
    tls->io->in_count -= count;
    return (int)count;
}

static int wire_write(BIO *bio, const char *bytes, int length) {
    struct shunt_tls *tls = BIO_get_data(bio);
    BIO_clear_retry_flags(bio);
    size_t room = tls->io ? tls->io->out_room - tls->io->out_count : 0;
    if (length <= 0 || room == 0) {
        BIO_set_retry_write(bio);
        return -1;
    }
    size_t count = room < (size_t)length ? room : (size_t)length;
    memcpy((char *)tls->io->out + tls->io->out_count, bytes, count);
    tls->io->out_count += count;
    return (int)count;
}

static long wire_control(BIO *bio, int command, long number, void *pointer) {
    (void)bio, (void)number, (void)pointer;
    return command == BIO_CTRL_FLUSH;
}

static BIO_METHOD *wire_method;
static pthread_once_t wire_once = PTHREAD_ONCE_INIT;

static void make_wire_method(void) {
    BIO_METHOD *made = BIO_meth_new(BIO_get_new_index() | BIO_TYPE_SOURCE_SINK, "wire");
    if (!made) return;
    BIO_meth_set_read(made, wire_read);
    BIO_meth_set_write(made, wire_write);
    BIO_meth_set_ctrl(made, wire_control);
    wire_method = made;
}

BIO *shunt_tls_wire(struct shunt_tls *tls) {
    pthread_once(&wire_once, make_wire_method);
    BIO *bio = wire_method ? BIO_new(wire_method) : NULL;
    if (!bio) return NULL;
    BIO_set_data(bio, tls);
    BIO_set_init(bio, 1);
    return bio;
}

struct shunt_tls *shunt_tls_of(const SSL *ssl) {
    BIO *bio = SSL_get_rbio(ssl);
    return bio ? BIO_get_data(bio) : NULL;
}

// MARK: Coming and going

/// Whom a client asks for and whose certificate it wants to see.
static int address(struct shunt_tls *tls, const char *name) {
    if (X509_VERIFY_PARAM_set1_ip_asc(SSL_get0_param(tls->ssl), name)) return 1;
    ERR_clear_error();
    SSL_set_hostflags(tls->ssl, X509_CHECK_FLAG_NO_PARTIAL_WILDCARDS);
    return SSL_set1_host(tls->ssl, name) && SSL_set_tlsext_host_name(tls->ssl, name);
}

struct shunt_tls *shunt_tls_new(struct shunt_tls_context *context, const char *name) {
    ERR_clear_error();
    struct shunt_tls *tls = calloc(1, sizeof *tls);
    if (!tls) return NULL;
    tls->context = context;
    tls->ssl = SSL_new(context->contexts[0]);
    BIO *wire = tls->ssl ? shunt_tls_wire(tls) : NULL;
    if (!wire) {
        shunt_tls_free(tls);
        return NULL;
    }
    SSL_set_bio(tls->ssl, wire, wire);
    if (context->is_server) {
        SSL_set_accept_state(tls->ssl);
        return tls;
    }
    SSL_set_connect_state(tls->ssl);
    if (!name) return tls;
    tls->name = strdup(name);
    if (!tls->name || !address(tls, name)) {
        shunt_tls_free(tls);
        ERR_clear_error();
        return NULL;
    }
    SSL_SESSION *session = shunt_tls_kept(tls);
    if (session) SSL_set_session(tls->ssl, session);
    SSL_SESSION_free(session);
    return tls;
}

void shunt_tls_free(struct shunt_tls *tls) {
    if (!tls) return;
    SSL_free(tls->ssl);
    ERR_clear_error();
    free(tls->name);
    free(tls);
}

// MARK: Calls

static void begin(struct shunt_tls *tls, struct shunt_tls_io *io) {
    ERR_clear_error();
    tls->io = io;
}

/// What a call came to that did not do what it was made for.
static int outcome(struct shunt_tls *tls, int said) {
    switch (SSL_get_error(tls->ssl, said)) {
        case SSL_ERROR_NONE: return SHUNT_TLS_DONE;
        case SSL_ERROR_WANT_READ: return SHUNT_TLS_WANTS_INPUT;
        case SSL_ERROR_WANT_WRITE: return SHUNT_TLS_WANTS_ROOM;
        case SSL_ERROR_ZERO_RETURN: return SHUNT_TLS_ENDED;
        default: break;
    }
    if (tls->key_updates > FREE_KEY_UPDATES + tls->bytes_read / BYTES_PER_KEY_UPDATE) {
        ERR_clear_error();
        tls->problem = (struct shunt_tls_problem){.kind = SHUNT_TLS_KEY_UPDATES};
    } else {
        tls->problem = shunt_tls_peer_problem(tls->ssl);
    }
    return SHUNT_TLS_BROKEN;
}

static int end(struct shunt_tls *tls, int outcome) {
    tls->io = NULL;
    return outcome;
}

int shunt_tls_handshake(struct shunt_tls *tls, struct shunt_tls_io *io) {
    begin(tls, io);
    int said = SSL_do_handshake(tls->ssl);
    return end(tls, said == 1 ? SHUNT_TLS_DONE : outcome(tls, said));
}

int shunt_tls_read(struct shunt_tls *tls, struct shunt_tls_io *io, void *room, size_t length, size_t *count) {
    *count = 0;
    int result = SHUNT_TLS_DONE;
    while (*count < length && result == SHUNT_TLS_DONE) {
        size_t read = 0;
        begin(tls, io);
        int said = SSL_read_ex(tls->ssl, (char *)room + *count, length - *count, &read);
        *count += read;
        tls->bytes_read += read;
        if (said != 1) {
            result = outcome(tls, said);
        } else if (io->in_count == 0 && !SSL_has_pending(tls->ssl)) {
            // Asking once more would only make a buffer for the next record.
            result = SHUNT_TLS_WANTS_INPUT;
        }
    }
    return end(tls, result);
}

int shunt_tls_write(
    struct shunt_tls *tls, struct shunt_tls_io *io, const void *bytes, size_t length, size_t *taken) {
    *taken = 0;
    int result = SHUNT_TLS_DONE;
    while (*taken < length && result == SHUNT_TLS_DONE) {
        if (io->out_room - io->out_count < LARGEST_RECORD + RECORD_OVERHEAD) return end(tls, SHUNT_TLS_WANTS_ROOM);
        size_t written = 0, left = length - *taken;
        begin(tls, io);
        int said = SSL_write_ex(
            tls->ssl, (const char *)bytes + *taken, left < LARGEST_RECORD ? left : LARGEST_RECORD, &written);
        *taken += written;
        if (said != 1) result = outcome(tls, said);
    }
    return end(tls, result);
}

int shunt_tls_end(struct shunt_tls *tls, struct shunt_tls_io *io) {
    begin(tls, io);
    int said = SSL_shutdown(tls->ssl);
    return end(tls, said >= 0 ? SHUNT_TLS_DONE : outcome(tls, said));
}

// MARK: Facts

int shunt_tls_is_within_record(const struct shunt_tls *tls) {
    return SSL_has_pending(tls->ssl) || strcmp(SSL_rstate_string(tls->ssl), "RH") != 0;
}

struct shunt_tls_problem shunt_tls_problem_of(const struct shunt_tls *tls) { return tls->problem; }

int shunt_tls_is_resumed(const struct shunt_tls *tls) { return SSL_session_reused(tls->ssl); }

const char *shunt_tls_version(const struct shunt_tls *tls) { return SSL_get_version(tls->ssl); }

const char *shunt_tls_cipher(const struct shunt_tls *tls) { return SSL_get_cipher_name(tls->ssl); }

const char *shunt_tls_server_name(const struct shunt_tls *tls) {
    return SSL_get_servername(tls->ssl, TLSEXT_NAMETYPE_host_name);
}

int shunt_tls_has_protocol(const struct shunt_tls *tls) {
    const unsigned char *name = NULL;
    unsigned int length = 0;
    SSL_get0_alpn_selected(tls->ssl, &name, &length);
    return length > 0;
}
