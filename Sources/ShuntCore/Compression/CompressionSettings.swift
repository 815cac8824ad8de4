/// How messages are compressed (permessage-deflate, RFC 7692).
package struct CompressionSettings: Sendable, Hashable {
    /// zlib's: 1 is fast, 9 is small.
    package var level = 1
    /// Shorter messages are sent as they are.
    package var minBytes = 256
    /// Whether a message may lean on those before it: smaller on the wire, and each socket has memory of its own for it.
    package var contextTakeover = false
    /// How far back a message leans, in bits: 12 is 4 KiB.
    package var windowBits = 12
    /// Sockets of the process that have it, at most: the others are simply not given it.
    package var maxConnections = 10_000
    package init() {}
}
