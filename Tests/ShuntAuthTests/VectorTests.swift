import JWTKit
import ShuntCore
import Testing

@testable import ShuntAuth

/// The examples of the standards themselves.
@Suite struct VectorTests {
    /// RFC 7515 appendix A: the payload of A.1 to A.3.
    private static let payload =
        "eyJpc3MiOiJqb2UiLA0KICJleHAiOjEzMDA4MTkzODAsDQogImh0dHA6Ly9leGFtcGxlLmNvbS9pc19yb290Ijp0cnVlfQ"
    private static let then = UnixTime(milliseconds: 1_300_819_000_000)

    private func problem(
        _ token: String, _ keys: [VerificationKey], _ algorithm: SignatureAlgorithm
    ) -> String? {
        let settings = Made.settings([algorithm]) {
            $0.claims.session = [ClaimPath("iss")]
            $0.issuers = ["joe"]
        }
        return Made.validator(keys, settings).problem(ByteString(token), at: Self.then)
    }

    @Test func `RFC 7515 A1, HS256`() async throws {
        let secret = try #require(
            Base64URL.decoded(
                Array("AyM1SysPpbyDfgZld3umj1qzKObwVMkoqQ-EstJQLr_T-1qS0gZH75aKtMN3Yj0iPS4hcgUuTwjAzZr1Z9CAow".utf8)[
                    ...]))
        let keys = try await KeyMaterial.secret(secret).bound(to: [.hs256], id: nil)
        let token =
            "eyJ0eXAiOiJKV1QiLA0KICJhbGciOiJIUzI1NiJ9." + Self.payload + ".dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk"
        #expect(problem(token, keys, .hs256) == nil)
        #expect(problem(String(token.dropLast()) + "l", keys, .hs256) != nil)
    }

    @Test func `RFC 7515 A3, ES256`() async throws {
        let reading = try await Made.reading([
            #"{"kty":"EC","crv":"P-256","x":"f83OJ3D2xF1Bg8vub9tLe1gHMzV76e8Tus9uPHvRVEU","#
                + #""y":"x_FEzRu9m36HLN_tue659LNpXW6pCyStikYjKIWI5a0"}"#
        ])
        let token =
            "eyJhbGciOiJFUzI1NiJ9." + Self.payload
            + ".DtEhU3ljbEg8L38VWAfUAqOyKAM6-Xx-F4GawxaepmXFCgfTjDxw5djxLa8ISlSApmWQxfKTUJqPP3-Kg6NU1Q"
        #expect(problem(token, reading.keys, .es256) == nil)
    }

    @Test func `RFC 7515 A2, RS256`() async throws {
        let reading = try await Made.reading([
            #"{"kty":"RSA","n":"ofgWCuLjybRlzo0tZWJjNiuSfb4p4fAkd_wWJcyQoTbji9k0l8W26mPddxHmfHQp-Vaw-4qPCJrcS2mJPMEzP1Pt0Bm4d"#
                + "4QlL-yRT-SFd2lZS-pCgNMsD1W_YpRPEwOWvG6b32690r2jZ47soMZo9wGzjb_7OMg0LOL-bSf63kpaSHSXndS5z5rexMdbBYUsLA"
                + "9e-KXBdQOS-UTo7WTBEMa2R2CapHg665xsmtdVMTBQY4uDZlxvb3qCo5ZwKh9kG4LT6_I5IhlJH7aGhyxXFvUK-DWNmoudF8NAco9"
                + #"_h9iaGNj8q2ethFkMLs91kzk2PAcDTW9gb54h4FRWyuXpoQ","e":"AQAB"}"#
        ])
        let token =
            "eyJhbGciOiJSUzI1NiJ9." + Self.payload
            + ".cC4hiUPoj9Eetdgtv3hF80EGrhuB__dzERat0XF9g2VtQgr9PJbu3XOiZj5RZmh7AAuHIm4Bh-0Qc_lF5YKt_O8W2Fp5jujGbds9uJdb"
            + "F9CUAr7t1dnZcAcQjbKBYNX4BAynRFdiuB--f_nZLgrnbyTyWzO75vRK5h6xBArLIARNPvkSjtQBMHlb1L07Qe7K0GarZRmB_eSN9383"
            + "LcOLn6_dO--xi12jzDwusC-eOkHWEsqtFZESc6BfI7noOPqvhJ1phCnvWh6IeYI2w9QOYEUipUTI8np6LbgGY9Fs98rqVt5AXLIhWkWyw"
            + "lVmtVrBp0igcN_IoypGlUPQGe77Rw"
        #expect(problem(token, reading.keys, .rs256) == nil)
    }

    /// Its payload is no JSON, so that only the signature can be looked at.
    @Test func `RFC 8037 A4, Ed25519`() async throws {
        let key = try EdDSA.PublicKey(x: "11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo", curve: .ed25519)
        let keys = JWTKeyCollection()
        await keys.add(eddsa: key)
        let signature = try #require(
            Base64URL.decoded(
                Array(
                    "hgyY0il_MGCjP0JzlnLWG1PPOt7-09PGcvMg3AIbQR6dWbhijcNR4ki4iylGjg5BhVsPt9g7sVvpAr_MuM0KAg".utf8)[...])
        )
        let signed = Array("eyJhbGciOiJFZERTQSJ9.RXhhbXBsZSBvZiBFZDI1NTE5IHNpZ25pbmc".utf8)
        let verifier = try await keys.getKey()
        #expect(try verifier.verify(signature, signs: signed))
    }
}
