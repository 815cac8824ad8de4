/// What compression did, and how many sockets have it.
package struct CompressionFigures: Sendable, Hashable {
    package var sockets = 0
    /// Handshakes that could have had it, and for which there was no room.
    package var refused = 0
    /// Bytes of messages, before and after; only of those that were compressed.
    package var sentPlain = 0
    package var sentCompressed = 0
    package var receivedPlain = 0
    package var receivedCompressed = 0
    package init() {}

    package mutating func add(_ other: CompressionFigures) {
        sockets &+= other.sockets
        refused &+= other.refused
        sentPlain &+= other.sentPlain
        sentCompressed &+= other.sentCompressed
        receivedPlain &+= other.receivedPlain
        receivedCompressed &+= other.receivedCompressed
    }
}
