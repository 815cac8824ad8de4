// fuzz-sources: Sources/ShuntCore Tests/Fuzz/Support
//
// Any bytes as a token, as a token's parts, and as an object of claims: read or refused, within bounds, and nothing of a
// token in what the log is told of it.

private let settings: JWTSettings = {
    var settings = JWTSettings()
    settings.algorithms = SignatureAlgorithm.allCases
    settings.claims.session = [ClaimPath("sid"), ClaimPath("a.b")]
    settings.claims.user = ClaimPath("sub")
    settings.claims.others = ["roles": ClaimPath("roles")]
    return settings
}()

private func base64url(_ bytes: [UInt8]) -> [UInt8] {
    let digits = Array("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_".utf8)
    var text: [UInt8] = []
    for start in stride(from: 0, to: bytes.count, by: 3) {
        let group = bytes[start..<min(start + 3, bytes.count)]
        var bits: UInt32 = 0
        for offset in 0..<3 { bits = bits << 8 | (offset < group.count ? UInt32(group[start + offset]) : 0) }
        for place in 0...group.count { text.append(digits[Int(bits >> UInt32(18 - 6 * place)) & 63]) }
    }
    return text
}

private func look(_ bytes: [UInt8]) {
    do {
        let token = try CompactToken(ByteString(bytes), settings)
        require(settings.algorithms.contains(token.algorithm), "an algorithm that is not allowed")
        require(bytes.starts(with: token.signed), "what is signed is not the token's")
        require(bytes.split(separator: 0x2E, omittingEmptySubsequences: false).count == 3, "not three parts")
        let claims = try token.claims(settings, at: UnixTime(milliseconds: 1_800_000_000_000))
        require(claims.expires != nil, "no end")
        require(claims.session?.text.isEmpty == false, "no session")
        let all = [claims.session, claims.user, claims.others["roles"]].compactMap { $0 }
        require(all.allSatisfy { $0.text.count <= 1024 }, "a long claim")
        require(all.allSatisfy { $0.text.bytes.allSatisfy { $0 >= 0x20 && $0 != 0x7F } }, "a control character")
    } catch {
        require("\(error)".utf8.count < 1000, "a long problem")
        // A key id is all that may be repeated.
        if case .unknownKey = error { return }
        require(bytes.count < 24 || !"\(error)".contains(String(decoding: bytes, as: UTF8.self)), "a token is told")
    }
}

@_cdecl("LLVMFuzzerTestOneInput")
public func fuzzToken(_ data: UnsafePointer<UInt8>?, _ size: Int) -> CInt {
    var input = FuzzInput(data, size)
    let cut = input.below(200)
    let bytes = input.bytes()
    look(bytes)
    // The same as a head and a payload: what hides behind base64.
    let (head, payload) = (Array(bytes.prefix(cut)), Array(bytes.dropFirst(cut)))
    look(base64url(head) + [0x2E] + base64url(payload) + [0x2E] + base64url([1, 2, 3]))
    look(Array("eyJhbGciOiJFUzI1NiJ9.".utf8) + base64url(bytes) + Array(".AAAA".utf8))
    require(Base64URL.decoded(base64url(bytes)[...]) == bytes, "base64url does not come back")
    if let tree = JSONDocument(bytes) {
        require(JSONDocument([0x5B] + bytes + [0x5D], nesting: 17) == .list([tree]), "a list of it is none")
    }
    return 0
}
