#ifndef SHUNT_CTLS_INTERNAL_H
#define SHUNT_CTLS_INTERNAL_H

#include "CTLS.h"

#include <openssl/ssl.h>
#include <pthread.h>

/// The sessions that a client may go on with, by whom it talked to.
#define MOST_SESSIONS 128

struct kept_session {
    char *name;
    SSL_SESSION *session;
};

struct shunt_tls_context {
    int is_server, least_minor, most_minor, verifies, resumes;
    char *ciphers, *suites, *authorities;
    /// One for each certificate; a context without any has one nevertheless.
    SSL_CTX **contexts;
    X509 **certificates;
    int count, certificate_count;
    pthread_mutex_t lock;
    struct kept_session sessions[MOST_SESSIONS];
    /// The place that the next new name takes.
    int next_session;
};

struct shunt_tls {
    SSL *ssl;
    struct shunt_tls_context *context;
    /// By which sessions are kept; NULL keeps none.
    char *name;
    /// Of the call that is under way.
    struct shunt_tls_io *io;
    struct shunt_tls_problem problem;
    /// New keys that the peer has begun, and what it has said with them all.
    uint64_t key_updates, bytes_read;
};

/// The connection that a call of OpenSSL's is about. (It is found by its BIO: nothing else is hung on OpenSSL's objects.)
struct shunt_tls *shunt_tls_of(const SSL *);

BIO *shunt_tls_wire(struct shunt_tls *);

void shunt_tls_keep(struct shunt_tls *, SSL_SESSION *);
/// The session to go on with, the caller's to free; NULL where there is none.
SSL_SESSION *shunt_tls_kept(struct shunt_tls *);

/// Fills in what OpenSSL's list of errors says of a file.
void shunt_tls_file_problem(struct shunt_tls_problem *, int kind);
/// What OpenSSL's list of errors says of a connection.
struct shunt_tls_problem shunt_tls_peer_problem(const SSL *);

STACK_OF(X509) *shunt_tls_load_chain(const char *path, struct shunt_tls_problem *);
EVP_PKEY *shunt_tls_load_key(const char *path, struct shunt_tls_problem *);

#endif
