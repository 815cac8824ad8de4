#include "internal.h"

#include <errno.h>
#include <openssl/err.h>
#include <openssl/pem.h>
#include <openssl/x509v3.h>
#include <stdlib.h>
#include <string.h>

static BIO *open_file(const char *path, struct shunt_tls_problem *problem) {
    ERR_clear_error();
    errno = 0;
    BIO *file = BIO_new_file(path, "r");
    if (!file) {
        int code = errno;
        shunt_tls_file_problem(problem, SHUNT_TLS_NO_FILE);
        problem->code = code;
    }
    return file;
}

/// Nobody is there to ask.
static int no_password(char *bytes, int size, int writes, void *asked) {
    (void)bytes, (void)size, (void)writes;
    *(int *)asked = 1;
    return -1;
}

STACK_OF(X509) *shunt_tls_load_chain(const char *path, struct shunt_tls_problem *problem) {
    BIO *file = open_file(path, problem);
    if (!file) return NULL;
    STACK_OF(X509) *chain = sk_X509_new_null();
    int asked = 0;
    while (chain) {
        X509 *certificate = PEM_read_bio_X509(file, NULL, no_password, &asked);
        if (!certificate) break;
        if (!sk_X509_push(chain, certificate)) {
            X509_free(certificate);
            break;
        }
    }
    BIO_free(file);
    // Reading ends well where no further one begins.
    int is_end = ERR_GET_REASON(ERR_peek_last_error()) == PEM_R_NO_START_LINE;
    if (chain && is_end && sk_X509_num(chain) > 0) {
        ERR_clear_error();
        return chain;
    }
    shunt_tls_file_problem(problem, is_end ? SHUNT_TLS_NO_CERTIFICATE : SHUNT_TLS_BAD_CERTIFICATE);
    sk_X509_pop_free(chain, X509_free);
    return NULL;
}

EVP_PKEY *shunt_tls_load_key(const char *path, struct shunt_tls_problem *problem) {
    BIO *file = open_file(path, problem);
    if (!file) return NULL;
    int asked = 0;
    EVP_PKEY *key = PEM_read_bio_PrivateKey(file, NULL, no_password, &asked);
    // What is there at all, where it is no key.
    char begin[4096] = "";
    if (!key && !asked && BIO_seek(file, 0) == 0) {
        int count = BIO_read(file, begin, sizeof begin - 1);
        begin[count > 0 ? count : 0] = 0;
    }
    BIO_free(file);
    if (key) {
        ERR_clear_error();
        return key;
    }
    int kind = asked ? SHUNT_TLS_ENCRYPTED_KEY : strstr(begin, "PRIVATE KEY") ? SHUNT_TLS_BAD_KEY : SHUNT_TLS_NO_KEY;
    shunt_tls_file_problem(problem, kind);
    return NULL;
}

// MARK: What a certificate says

static int64_t seconds(const ASN1_TIME *time) {
    ASN1_TIME *begin = ASN1_TIME_set(NULL, 0);
    int days = 0, rest = 0;
    int is_known = begin && time && ASN1_TIME_diff(&days, &rest, begin, time);
    ASN1_TIME_free(begin);
    return is_known ? (int64_t)days * 86400 + rest : 0;
}

static void add_name(BIO *names, const GENERAL_NAME *name) {
    if (name->type == GEN_DNS) {
        BIO_printf(
            names, "%.*s\n", ASN1_STRING_length(name->d.dNSName),
            (const char *)ASN1_STRING_get0_data(name->d.dNSName));
    } else if (name->type == GEN_IPADD) {
        const unsigned char *bytes = ASN1_STRING_get0_data(name->d.iPAddress);
        int length = ASN1_STRING_length(name->d.iPAddress);
        if (length == 4) BIO_printf(names, "%d.%d.%d.%d\n", bytes[0], bytes[1], bytes[2], bytes[3]);
        if (length == 16) {
            for (int index = 0; index < 16; index += 2)
                BIO_printf(names, "%x%s", bytes[index] << 8 | bytes[index + 1], index < 14 ? ":" : "\n");
        }
    }
}

static char *names_of(X509 *certificate) {
    BIO *names = BIO_new(BIO_s_mem());
    if (!names) return NULL;
    GENERAL_NAMES *found = X509_get_ext_d2i(certificate, NID_subject_alt_name, NULL, NULL);
    for (int index = 0; index < sk_GENERAL_NAME_num(found); index++)
        add_name(names, sk_GENERAL_NAME_value(found, index));
    GENERAL_NAMES_free(found);
    char *bytes = NULL;
    if (BIO_get_mem_data(names, &bytes) == 0) {
        // One of old times, which has its name elsewhere.
        char common[256] = "";
        if (X509_NAME_get_text_by_NID(X509_get_subject_name(certificate), NID_commonName, common, sizeof common) > 0)
            BIO_printf(names, "%s\n", common);
    }
    long length = BIO_get_mem_data(names, &bytes);
    char *copy = length > 0 ? strndup(bytes, (size_t)length) : strdup("");
    BIO_free(names);
    return copy;
}

static char *serial_of(X509 *certificate) {
    BIGNUM *number = ASN1_INTEGER_to_BN(X509_get0_serialNumber(certificate), NULL);
    char *text = number ? BN_bn2hex(number) : NULL;
    char *copy = text ? strdup(text) : NULL;
    OPENSSL_free(text);
    BN_free(number);
    return copy;
}

struct shunt_tls_facts shunt_tls_context_facts(const struct shunt_tls_context *context, int index) {
    struct shunt_tls_facts facts = {0};
    if (index < 0 || index >= context->certificate_count) return facts;
    X509 *certificate = context->certificates[index];
    facts.names = names_of(certificate);
    facts.serial = serial_of(certificate);
    facts.not_before = seconds(X509_get0_notBefore(certificate));
    facts.not_after = seconds(X509_get0_notAfter(certificate));
    ERR_clear_error();
    return facts;
}
