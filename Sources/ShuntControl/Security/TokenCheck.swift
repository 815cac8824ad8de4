import HTTPTypes

/// Bearer tokens (RFC 6750) with a scope each. A write token may read too.
struct TokenCheck: Sendable {
    private let read: [UInt8]?
    private let write: [UInt8]?

    init(read: String?, write: String?) {
        func bytes(_ token: String?) -> [UInt8]? { token.flatMap { $0.isEmpty ? nil : Array($0.utf8) } }
        self.read = bytes(read)
        self.write = bytes(write)
    }

    /// Of callers that may not change anything.
    static let readScope = "read"

    /// Whether there are any; without, whoever gets here may do everything.
    var areSet: Bool { read != nil || write != nil }

    /// - Parameter field: `Authorization`.
    /// - Returns: the scope's name, or `loopback` where there are no tokens.
    func check(_ field: String?, isWrite: Bool) throws(Problem) -> String {
        guard areSet else { return "loopback" }
        guard let field else {
            throw refused(.unauthorized, "send `Authorization: Bearer` and a token of admin.tokens", nil)
        }
        let parts = field.split(separator: " ", maxSplits: 1)
        guard parts.count == 2, parts[0].lowercased() == "bearer" else {
            throw refused(.unauthorized, "`Authorization` must be `Bearer` and a token", "invalid_request")
        }
        let token = Array(parts[1].utf8)
        // Both are compared in any case: the time tells nothing about which of them it was.
        let reads = Self.equal(token, read)
        let writes = Self.equal(token, write)
        if writes { return "write" }
        guard reads else { throw refused(.unauthorized, "the token is not one of admin.tokens", "invalid_token") }
        guard isWrite else { return Self.readScope }
        throw refused(
            .insufficientScope,
            write == nil ? "changes need the token admin.tokens.write, which is not set" : "the token may read only",
            "insufficient_scope")
    }

    private func refused(_ code: ProblemCode, _ detail: String, _ error: String?) -> Problem {
        var problem = Problem(code, detail)
        problem.fields[.wwwAuthenticate] = "Bearer realm=\"shunt\"" + (error.map { ", error=\"\($0)\"" } ?? "")
        return problem
    }

    /// In a time that depends on the given token's length alone.
    private static func equal(_ given: [UInt8], _ secret: [UInt8]?) -> Bool {
        let other = secret ?? []
        var difference = given.count ^ other.count
        for index in given.indices {
            difference |= Int(given[index] ^ (other.isEmpty ? 0xFF : other[index % other.count]))
        }
        return secret != nil && difference == 0
    }
}
