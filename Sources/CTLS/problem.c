#include "internal.h"

#include <openssl/err.h>
#include <openssl/x509_vfy.h>

void shunt_tls_file_problem(struct shunt_tls_problem *problem, int kind) {
    problem->kind = kind;
    problem->code = 0;
    problem->text = ERR_reason_error_string(ERR_peek_last_error());
    ERR_clear_error();
}

static struct shunt_tls_problem untrusted(long result) {
    struct shunt_tls_problem problem = {
        .kind = SHUNT_TLS_UNTRUSTED, .code = (int)result, .text = X509_verify_cert_error_string(result)};
    switch (result) {
        case X509_V_ERR_CERT_HAS_EXPIRED: problem.kind = SHUNT_TLS_EXPIRED; break;
        case X509_V_ERR_CERT_NOT_YET_VALID: problem.kind = SHUNT_TLS_NOT_YET_VALID; break;
        case X509_V_ERR_HOSTNAME_MISMATCH:
        case X509_V_ERR_IP_ADDRESS_MISMATCH: problem.kind = SHUNT_TLS_WRONG_NAME; break;
        case X509_V_ERR_DEPTH_ZERO_SELF_SIGNED_CERT:
        case X509_V_ERR_SELF_SIGNED_CERT_IN_CHAIN: problem.kind = SHUNT_TLS_SELF_SIGNED; break;
        case X509_V_ERR_UNABLE_TO_GET_ISSUER_CERT:
        case X509_V_ERR_UNABLE_TO_GET_ISSUER_CERT_LOCALLY:
        case X509_V_ERR_UNABLE_TO_VERIFY_LEAF_SIGNATURE: problem.kind = SHUNT_TLS_UNKNOWN_ISSUER; break;
        default: break;
    }
    return problem;
}

struct shunt_tls_problem shunt_tls_peer_problem(const SSL *ssl) {
    unsigned long error = ERR_peek_error();
    int reason = ERR_GET_REASON(error);
    struct shunt_tls_problem problem = {
        .kind = SHUNT_TLS_FAILED, .code = 0, .text = ERR_reason_error_string(error)};
    if (ERR_GET_LIB(error) != ERR_LIB_SSL) {
        ERR_clear_error();
        return problem;
    }
    if (reason > SSL_AD_REASON_OFFSET && reason < SSL_AD_REASON_OFFSET + 256) {
        problem.kind = SHUNT_TLS_PEER_ALERT;
        problem.code = reason - SSL_AD_REASON_OFFSET;
        problem.text = SSL_alert_desc_string_long(problem.code);
    }
    switch (reason) {
        case SSL_R_CERTIFICATE_VERIFY_FAILED: problem = untrusted(SSL_get_verify_result(ssl)); break;
        case SSL_R_PEER_DID_NOT_RETURN_A_CERTIFICATE: problem.kind = SHUNT_TLS_NO_CLIENT_CERTIFICATE; break;
        case SSL_R_NO_SHARED_CIPHER:
        case SSL_R_NO_CIPHERS_AVAILABLE:
        case SSL_R_NO_SUITABLE_SIGNATURE_ALGORITHM: problem.kind = SHUNT_TLS_NO_SHARED_CIPHER; break;
        case SSL_R_UNSUPPORTED_PROTOCOL:
        case SSL_R_VERSION_TOO_LOW:
        case SSL_R_VERSION_TOO_HIGH:
        case SSL_R_NO_PROTOCOLS_AVAILABLE:
        case SSL_R_WRONG_SSL_VERSION: problem.kind = SHUNT_TLS_NO_SHARED_PROTOCOL; break;
        case SSL_R_NO_APPLICATION_PROTOCOL: problem.kind = SHUNT_TLS_NO_APPLICATION_PROTOCOL; break;
        case SSL_R_WRONG_VERSION_NUMBER:
        case SSL_R_HTTP_REQUEST:
        case SSL_R_HTTPS_PROXY_REQUEST:
        case SSL_R_BAD_RECORD_TYPE:
        case SSL_R_UNEXPECTED_RECORD:
        case SSL_R_UNEXPECTED_MESSAGE:
        case SSL_R_BAD_LENGTH:
        case SSL_R_LENGTH_MISMATCH:
        case SSL_R_LENGTH_TOO_SHORT:
        case SSL_R_LENGTH_TOO_LONG:
        case SSL_R_DATA_LENGTH_TOO_LONG:
        case SSL_R_ENCRYPTED_LENGTH_TOO_LONG:
        case SSL_R_PACKET_LENGTH_TOO_LONG:
        case SSL_R_DECRYPTION_FAILED_OR_BAD_RECORD_MAC:
        case SSL_R_UNKNOWN_PROTOCOL:
        case SSL_R_RECORD_LENGTH_MISMATCH:
        case SSL_R_RECORD_TOO_SMALL:
        case SSL_R_NOT_ON_RECORD_BOUNDARY: problem.kind = SHUNT_TLS_GARBAGE; break;
        default: break;
    }
    ERR_clear_error();
    return problem;
}
