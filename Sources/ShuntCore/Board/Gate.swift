/// What a message waits for, beside a connection to its upstream.
package enum Gate: UInt8, Sendable, Equatable {
    case open
    /// The resume of the message's route.
    case routePaused
    /// The end of what its socket has under way with the other side.
    case otherSide
    /// The end of what its socket has under way over the connection that was replaced, so that replies keep their order.
    case previousConnection
}
