import ShuntCore
import ShuntTesting
import Testing

/// Who a session is, apart from what it shows.
@Suite struct `Session keys` {
    private static let secret: ByteString = "a-secret-token"

    @Test(
        arguments: [
            SessionKey(token: secret), SessionKey(session: ClaimValue(text: secret), of: .none), Credential(secret),
            ClientIdentity(token: secret),
            ClientIdentity?.some(ClientIdentity(token: secret)), [SessionKey(token: secret): 1], [Credential(secret)],
            Claims(session: ClaimValue(text: secret)), Session(of: ClientIdentity(token: secret), shortName: []),
        ] as [any Sendable])
    func `no text of a key or a credential shows the token`(value: any Sendable) {
        var dumped = ""
        dump(value, to: &dumped)
        for text in ["\(value)", String(reflecting: value), dumped] {
            #expect(!text.contains("secret"), "\(text)")
            // Its bytes in decimal, as an array prints them.
            #expect(!text.contains("97, 45"), "\(text)")
        }
    }

    @Test func `a key is equal to no other`() {
        let keys = [
            SessionKey(token: "anna"), SessionKey(token: "bert"),
            SessionKey(session: ClaimValue(text: "anna"), of: .none), SessionKey(token: ""),
            SessionKey(token: "\u{E9}"), SessionKey(token: "e\u{301}"), SessionKey(token: ByteString([0xFF])),
        ]
        #expect(Set(keys).count == keys.count)
        #expect(SessionKey(token: "anna") == SessionKey(token: "anna"))
        #expect(
            SessionKey(session: ClaimValue(text: "anna"), of: .none)
                == SessionKey(session: ClaimValue(text: "anna"), of: .none))
    }

    @Test func `a token's name, its hash in the ledger and its bucket are golden`() {
        let key = SessionKey(token: "anna")
        #expect(String(decoding: key.shortName(keyedBy: Driver.hashKey), as: UTF8.self) == "8d4fec6fd52d0417")
        #expect(key.hash(keyedBy: (1, 2)) == SipHash.hash(Array("anna".utf8), key: (1, 2)))
        #expect(Bucket.of(salt: "guide", user: ClientIdentity(token: "anna").user) == 7305)
    }

    @Test func `a session id has no token's hash, and the bucket of what it says`() {
        let (id, token) = (SessionKey(session: ClaimValue(text: "anna"), of: .none), SessionKey(token: "anna"))
        #expect(id.hash(keyedBy: Driver.hashKey) != token.hash(keyedBy: Driver.hashKey))
        #expect(id.shortName(keyedBy: Driver.hashKey) != token.shortName(keyedBy: Driver.hashKey))
        #expect(
            Bucket.of(
                salt: "guide",
                user: ClientIdentity(Credential("T"), ValidatedClaims(Claims(session: ClaimValue(text: "anna")))).user)
                == 7305)
    }
}
