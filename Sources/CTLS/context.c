#include "internal.h"

#include <openssl/err.h>
#include <openssl/x509v3.h>
#include <stdlib.h>
#include <string.h>

static const unsigned char protocol[] = "\x08http/1.1";

// MARK: What OpenSSL asks in the middle of a handshake

static int choose_protocol(
    SSL *ssl, const unsigned char **chosen, unsigned char *length, const unsigned char *offered,
    unsigned int offered_length, void *nothing) {
    (void)ssl, (void)nothing;
    unsigned char *found = NULL;
    int said = SSL_select_next_proto(
        &found, length, protocol, sizeof protocol - 1, offered, offered_length);
    if (said != OPENSSL_NPN_NEGOTIATED) return SSL_TLSEXT_ERR_ALERT_FATAL;
    *chosen = found;
    return SSL_TLSEXT_ERR_OK;
}

/// The place of the first certificate for a name; names in full come before those with a star. 0 where none fits.
static int place_of(const struct shunt_tls_context *context, const char *name) {
    unsigned int flags[] = {X509_CHECK_FLAG_NO_WILDCARDS, X509_CHECK_FLAG_NO_PARTIAL_WILDCARDS};
    for (int pass = 0; pass < 2; pass++)
        for (int index = 0; index < context->certificate_count; index++)
            if (X509_check_host(context->certificates[index], name, strlen(name), flags[pass], NULL) == 1) return index;
    return 0;
}

static int choose_certificate(SSL *ssl, int *alert, void *nothing) {
    (void)alert, (void)nothing;
    struct shunt_tls *tls = shunt_tls_of(ssl);
    const char *name = SSL_get_servername(ssl, TLSEXT_NAMETYPE_host_name);
    if (!tls || !name || tls->context->certificate_count < 2) return SSL_TLSEXT_ERR_OK;
    int place = place_of(tls->context, name);
    ERR_clear_error();
    if (place > 0 && !SSL_set_SSL_CTX(ssl, tls->context->contexts[place])) return SSL_TLSEXT_ERR_ALERT_FATAL;
    return SSL_TLSEXT_ERR_OK;
}

static int keep_session(SSL *ssl, SSL_SESSION *session) {
    struct shunt_tls *tls = shunt_tls_of(ssl);
    if (!tls || !tls->name || !SSL_SESSION_is_resumable(session)) return 0;
    shunt_tls_keep(tls, session);
    return 1;
}

/// Counts the peer's new keys: each costs it nothing and us some microseconds.
static void notice(
    int writes, int version, int type, const void *bytes, size_t length, SSL *ssl, void *nothing) {
    (void)version, (void)nothing;
    if (writes || type != SSL3_RT_HANDSHAKE || length < 1) return;
    if (*(const unsigned char *)bytes != SSL3_MT_KEY_UPDATE) return;
    struct shunt_tls *tls = shunt_tls_of(ssl);
    if (tls) tls->key_updates++;
}

// MARK: Sessions of a client

void shunt_tls_keep(struct shunt_tls *tls, SSL_SESSION *session) {
    struct shunt_tls_context *context = tls->context;
    char *name = strdup(tls->name);
    SSL_SESSION *old = session;
    pthread_mutex_lock(&context->lock);
    if (name) {
        int place = -1;
        for (int index = 0; index < MOST_SESSIONS && place < 0; index++)
            if (context->sessions[index].name && strcmp(context->sessions[index].name, name) == 0) place = index;
        if (place < 0) {
            place = context->next_session;
            context->next_session = (place + 1) % MOST_SESSIONS;
        }
        struct kept_session *kept = &context->sessions[place];
        char *old_name = kept->name;
        old = kept->session;
        kept->name = name;
        kept->session = session;
        name = old_name;
    }
    pthread_mutex_unlock(&context->lock);
    free(name);
    SSL_SESSION_free(old);
}

SSL_SESSION *shunt_tls_kept(struct shunt_tls *tls) {
    if (!tls->name) return NULL;
    struct shunt_tls_context *context = tls->context;
    SSL_SESSION *found = NULL;
    pthread_mutex_lock(&context->lock);
    for (int index = 0; index < MOST_SESSIONS && !found; index++) {
        struct kept_session *kept = &context->sessions[index];
        // One of its own: connections of several threads write to theirs.
        if (kept->name && strcmp(kept->name, tls->name) == 0) found = SSL_SESSION_dup(kept->session);
    }
    pthread_mutex_unlock(&context->lock);
    return found;
}

// MARK: Making

static int trust(SSL_CTX *made, const struct shunt_tls_context *context, struct shunt_tls_problem *problem) {
    if (!context->verifies) {
        SSL_CTX_set_verify(made, SSL_VERIFY_NONE, NULL);
        return 1;
    }
    SSL_CTX_set_verify(made, SSL_VERIFY_PEER | SSL_VERIFY_FAIL_IF_NO_PEER_CERT, NULL);
    if (!context->authorities) {
        if (SSL_CTX_set_default_verify_paths(made)) return 1;
        shunt_tls_file_problem(problem, SHUNT_TLS_UNUSABLE);
        return 0;
    }
    STACK_OF(X509) *found = shunt_tls_load_chain(context->authorities, problem);
    if (!found) return 0;
    X509_STORE *store = SSL_CTX_get_cert_store(made);
    int is_fine = 1;
    for (int index = 0; index < sk_X509_num(found); index++) {
        X509 *authority = sk_X509_value(found, index);
        is_fine = is_fine && X509_STORE_add_cert(store, authority);
        if (context->is_server) is_fine = is_fine && SSL_CTX_add_client_CA(made, authority);
    }
    sk_X509_pop_free(found, X509_free);
    // Whoever is listed is trusted, whoever vouches for it.
    if (!context->is_server) X509_VERIFY_PARAM_set_flags(SSL_CTX_get0_param(made), X509_V_FLAG_PARTIAL_CHAIN);
    if (!is_fine) shunt_tls_file_problem(problem, SHUNT_TLS_UNUSABLE);
    return is_fine;
}

static void serve(SSL_CTX *made) {
    static const unsigned char sid[] = "shunt";
    SSL_CTX_set_session_id_context(made, sid, sizeof sid - 1);
    SSL_CTX_set_session_cache_mode(made, SSL_SESS_CACHE_OFF);
    SSL_CTX_set_tlsext_servername_callback(made, choose_certificate);
    SSL_CTX_set_alpn_select_cb(made, choose_protocol, NULL);
}

static void dial(SSL_CTX *made, int resumes) {
    SSL_CTX_set_alpn_protos(made, protocol, sizeof protocol - 1);
    if (!resumes) return;
    SSL_CTX_set_session_cache_mode(made, SSL_SESS_CACHE_CLIENT | SSL_SESS_CACHE_NO_INTERNAL);
    SSL_CTX_sess_set_new_cb(made, keep_session);
}

static SSL_CTX *make(const struct shunt_tls_context *context, struct shunt_tls_problem *problem) {
    ERR_clear_error();
    SSL_CTX *made = SSL_CTX_new(context->is_server ? TLS_server_method() : TLS_client_method());
    if (!made) {
        shunt_tls_file_problem(problem, SHUNT_TLS_UNUSABLE);
        return NULL;
    }
    SSL_CTX_set_mode(
        made, SSL_MODE_ENABLE_PARTIAL_WRITE | SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER | SSL_MODE_RELEASE_BUFFERS);
    SSL_CTX_set_options(made, SSL_OP_NO_RENEGOTIATION | SSL_OP_NO_COMPRESSION);
    SSL_CTX_set_min_proto_version(made, context->least_minor >= 3 ? TLS1_3_VERSION : TLS1_2_VERSION);
    SSL_CTX_set_max_proto_version(made, context->most_minor >= 3 ? TLS1_3_VERSION : TLS1_2_VERSION);
    SSL_CTX_set_msg_callback(made, notice);
    if (context->is_server) serve(made); else dial(made, context->resumes);
    int is_fine = 1;
    if (context->ciphers && !SSL_CTX_set_cipher_list(made, context->ciphers)) is_fine = 0;
    if (context->suites && !SSL_CTX_set_ciphersuites(made, context->suites)) is_fine = 0;
    if (!is_fine) shunt_tls_file_problem(problem, SHUNT_TLS_BAD_CIPHERS);
    if (is_fine && trust(made, context, problem)) return made;
    SSL_CTX_free(made);
    return NULL;
}

static char *copy(const char *text) { return text ? strdup(text) : NULL; }

/// Makes room for one more.
static int grow(struct shunt_tls_context *context) {
    SSL_CTX **contexts = realloc(context->contexts, sizeof *contexts * (size_t)(context->count + 1));
    if (contexts) context->contexts = contexts;
    X509 **certificates = realloc(context->certificates, sizeof *certificates * (size_t)(context->count + 1));
    if (certificates) context->certificates = certificates;
    return contexts && certificates;
}

struct shunt_tls_context *shunt_tls_context_new(
    const struct shunt_tls_options *options, struct shunt_tls_problem *problem) {
    *problem = (struct shunt_tls_problem){.kind = SHUNT_TLS_UNUSABLE};
    struct shunt_tls_context *context = calloc(1, sizeof *context);
    if (!context) return NULL;
    pthread_mutex_init(&context->lock, NULL);
    context->is_server = options->is_server;
    context->least_minor = options->least_minor;
    context->most_minor = options->most_minor;
    context->verifies = options->verifies;
    context->resumes = options->resumes;
    context->ciphers = copy(options->ciphers);
    context->suites = copy(options->suites);
    context->authorities = copy(options->authorities);
    SSL_CTX *made = grow(context) ? make(context, problem) : NULL;
    if (!made) {
        shunt_tls_context_free(context);
        return NULL;
    }
    context->contexts[context->count++] = made;
    problem->kind = SHUNT_TLS_FINE;
    return context;
}

void shunt_tls_context_free(struct shunt_tls_context *context) {
    if (!context) return;
    for (int index = 0; index < MOST_SESSIONS; index++) {
        free(context->sessions[index].name);
        SSL_SESSION_free(context->sessions[index].session);
    }
    for (int index = 0; index < context->certificate_count; index++) X509_free(context->certificates[index]);
    for (int index = 0; index < context->count; index++) SSL_CTX_free(context->contexts[index]);
    free(context->certificates);
    free(context->contexts);
    free(context->ciphers);
    free(context->suites);
    free(context->authorities);
    pthread_mutex_destroy(&context->lock);
    free(context);
}

// MARK: Certificates

/// Whether each certificate is vouched for by the next.
static int is_chain(STACK_OF(X509) *chain) {
    for (int index = 0; index + 1 < sk_X509_num(chain); index++)
        if (X509_check_issued(sk_X509_value(chain, index + 1), sk_X509_value(chain, index)) != X509_V_OK) return 0;
    return 1;
}

static int use(SSL_CTX *made, STACK_OF(X509) *chain, EVP_PKEY *key, struct shunt_tls_problem *problem) {
    X509 *certificate = sk_X509_value(chain, 0);
    if (!is_chain(chain)) {
        shunt_tls_file_problem(problem, SHUNT_TLS_BROKEN_CHAIN);
        return 0;
    }
    if (!X509_check_private_key(certificate, key)) {
        shunt_tls_file_problem(problem, SHUNT_TLS_KEY_MISMATCH);
        return 0;
    }
    int is_fine = SSL_CTX_use_certificate(made, certificate) && SSL_CTX_use_PrivateKey(made, key);
    for (int index = 1; is_fine && index < sk_X509_num(chain); index++)
        is_fine = SSL_CTX_add1_chain_cert(made, sk_X509_value(chain, index)) == 1;
    if (!is_fine) shunt_tls_file_problem(problem, SHUNT_TLS_UNUSABLE);
    return is_fine;
}

int shunt_tls_context_add(
    struct shunt_tls_context *context, const char *chain_path, const char *key_path,
    struct shunt_tls_problem *problem) {
    *problem = (struct shunt_tls_problem){.kind = SHUNT_TLS_UNUSABLE};
    STACK_OF(X509) *chain = shunt_tls_load_chain(chain_path, problem);
    EVP_PKEY *key = chain ? shunt_tls_load_key(key_path, problem) : NULL;
    int is_first = context->certificate_count == 0;
    SSL_CTX *made = NULL;
    if (key && grow(context)) made = is_first ? context->contexts[0] : make(context, problem);
    int is_fine = made && use(made, chain, key, problem);
    if (made && !is_first) {
        // It is freed with the others, whatever comes of it.
        context->contexts[context->count++] = made;
    }
    if (is_fine) {
        X509 *certificate = sk_X509_value(chain, 0);
        X509_up_ref(certificate);
        context->certificates[context->certificate_count++] = certificate;
        problem->kind = SHUNT_TLS_FINE;
    }
    EVP_PKEY_free(key);
    sk_X509_pop_free(chain, X509_free);
    ERR_clear_error();
    return is_fine;
}
