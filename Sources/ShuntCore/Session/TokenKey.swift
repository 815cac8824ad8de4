/// A session token as a key: equal only byte for byte. Strings would not do, for they take different spellings of the
/// same characters for equal, and a backend does not. Never log it.
package struct TokenKey: Hashable, Sendable {
    private let bytes: [UInt8]

    package init(_ token: String) { bytes = Array(token.utf8) }
}
