#ifndef SHUNT_CTLS_H
#define SHUNT_CTLS_H

// TLS by the system's OpenSSL 3, without any call of the system of its own: what came over the wire is lent to it, and what
// is to go over the wire is written into memory that is lent to it.

#include <stddef.h>
#include <stdint.h>

/// What can be wrong. The first ones are of files, the others of peers.
enum {
    SHUNT_TLS_FINE = 0,
    SHUNT_TLS_NO_FILE = 1,
    SHUNT_TLS_NO_CERTIFICATE = 2,
    SHUNT_TLS_BAD_CERTIFICATE = 3,
    SHUNT_TLS_BROKEN_CHAIN = 4,
    SHUNT_TLS_NO_KEY = 5,
    SHUNT_TLS_BAD_KEY = 6,
    SHUNT_TLS_ENCRYPTED_KEY = 7,
    SHUNT_TLS_KEY_MISMATCH = 8,
    SHUNT_TLS_BAD_CIPHERS = 9,
    SHUNT_TLS_UNUSABLE = 10,

    SHUNT_TLS_EXPIRED = 20,
    SHUNT_TLS_NOT_YET_VALID = 21,
    SHUNT_TLS_WRONG_NAME = 22,
    SHUNT_TLS_SELF_SIGNED = 23,
    SHUNT_TLS_UNKNOWN_ISSUER = 24,
    SHUNT_TLS_UNTRUSTED = 25,
    SHUNT_TLS_NO_SHARED_PROTOCOL = 26,
    SHUNT_TLS_NO_SHARED_CIPHER = 27,
    SHUNT_TLS_NO_APPLICATION_PROTOCOL = 28,
    SHUNT_TLS_NO_CLIENT_CERTIFICATE = 29,
    SHUNT_TLS_PEER_ALERT = 30,
    SHUNT_TLS_GARBAGE = 31,
    SHUNT_TLS_KEY_UPDATES = 32,
    SHUNT_TLS_FAILED = 33,
};

struct shunt_tls_problem {
    int kind;
    /// `errno` of a file, the number of an alert, or 0.
    int code;
    /// In OpenSSL's words, which stay for ever; NULL where it has none.
    const char *text;
};

// MARK: Contexts

/// What many connections have in common. It does not change once the first connection is made, so any thread may use it.
struct shunt_tls_context;

struct shunt_tls_options {
    int is_server;
    /// 2 or 3, of TLS 1.
    int least_minor, most_minor;
    /// OpenSSL's names for TLS 1.2 and for TLS 1.3; NULL is what the system has chosen.
    const char *ciphers, *suites;
    /// A client's: whether the server's certificate is looked at. A server's: whether clients must have one.
    int verifies;
    /// Whose certificates are trusted; NULL are those that the system trusts.
    const char *authorities;
    /// A client's: whether a connection goes on with an earlier one's session.
    int resumes;
};

/// NULL where something is wrong.
struct shunt_tls_context *shunt_tls_context_new(const struct shunt_tls_options *, struct shunt_tls_problem *);
void shunt_tls_context_free(struct shunt_tls_context *);

/// Adds a certificate, those that vouch for it, and its key. Of a server's the first is for everybody whom no other fits.
/// Answers 0 where something is wrong.
int shunt_tls_context_add(
    struct shunt_tls_context *, const char *chain_path, const char *key_path, struct shunt_tls_problem *);

/// What a certificate of the context's says of itself. The strings are the caller's to free.
struct shunt_tls_facts {
    /// DNS names and addresses, one a line.
    char *names;
    char *serial;
    /// Seconds since 1970.
    int64_t not_before, not_after;
};
struct shunt_tls_facts shunt_tls_context_facts(const struct shunt_tls_context *, int index);

// MARK: Connections

/// What one call reads from and writes into. What was read is taken off the front of `in`.
struct shunt_tls_io {
    const void *in;
    size_t in_count;
    void *out;
    size_t out_room;
    size_t out_count;
};

/// What a call came to.
enum {
    SHUNT_TLS_DONE = 0,
    /// All of `in` is read, and more is needed.
    SHUNT_TLS_WANTS_INPUT = 1,
    /// `out` is full.
    SHUNT_TLS_WANTS_ROOM = 2,
    /// The peer said that it says no more.
    SHUNT_TLS_ENDED = 3,
    SHUNT_TLS_BROKEN = 4,
};

struct shunt_tls;

/// `name` is whom a client wants to talk to, a DNS name or an address; NULL where it does not matter. NULL where there is no
/// memory for it, or the name is none.
struct shunt_tls *shunt_tls_new(struct shunt_tls_context *, const char *name);
void shunt_tls_free(struct shunt_tls *);

int shunt_tls_handshake(struct shunt_tls *, struct shunt_tls_io *);
/// Decrypts until there is no more to read or `room` is full.
int shunt_tls_read(struct shunt_tls *, struct shunt_tls_io *, void *room, size_t length, size_t *count);
/// Encrypts as much as there is room for.
int shunt_tls_write(struct shunt_tls *, struct shunt_tls_io *, const void *bytes, size_t length, size_t *taken);
/// Says that nothing more is said.
int shunt_tls_end(struct shunt_tls *, struct shunt_tls_io *);

/// Whether a part of a record was read and not the rest.
int shunt_tls_is_within_record(const struct shunt_tls *);
/// What was wrong when a call said `SHUNT_TLS_BROKEN`.
struct shunt_tls_problem shunt_tls_problem_of(const struct shunt_tls *);

/// Of a connection whose handshake is over. The strings are good as long as the connection is there.
int shunt_tls_is_resumed(const struct shunt_tls *);
const char *shunt_tls_version(const struct shunt_tls *);
const char *shunt_tls_cipher(const struct shunt_tls *);
/// Whom the client asked for; NULL where it did not say.
const char *shunt_tls_server_name(const struct shunt_tls *);
/// Whether an application protocol was agreed on: `http/1.1` is the only one.
int shunt_tls_has_protocol(const struct shunt_tls *);

#endif
