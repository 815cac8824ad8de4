/// The pure core of one worker: it is told what happened, with the time, and appends what must be done to `effects`.
///
/// No I/O, no clock, no randomness of its own (`seed`), no locks, no logging. It never traps on an event: ids are
/// generation-checked, and an event that comes twice or late does nothing.
package struct Switchboard {
    package private(set) var table: RoutingTable

    /// - Parameters:
    ///   - seed: for jitter; the same seed and events give the same effects.
    ///   - hashKey: of the keyed hash that stands for a token in conversation ids; the same for all workers.
    ///   - memory: this worker's share of `limits.memory`, in bytes.
    package init(table: RoutingTable, seed: UInt64, hashKey: (UInt64, UInt64), memory: Int) {
        self.table = table
    }

    // MARK: Clients

    /// A handshake on the unified endpoint was accepted and answered; messages may follow. Parked replies are
    /// delivered at once. `token` is the session's, nil for a client without one.
    package mutating func clientConnected(
        _ handshake: Handshake, token: String?, now: Instant, _ effects: inout Effects
    ) -> ClientID { .none }
    /// A whole data message of a client, unmasked, valid UTF-8 not yet checked when it is text.
    package mutating func clientMessage(
        _ id: ClientID, _ kind: MessageKind, _ bytes: Span<UInt8>, now: Instant, _ effects: inout Effects
    ) {}
    /// The client's close, end or reset was read: nothing can be delivered any more. Idempotent.
    package mutating func clientClosed(_ id: ClientID, now: Instant, _ effects: inout Effects) {}
    package mutating func clientPong(_ id: ClientID, now: Instant, _ effects: inout Effects) {}
    /// More than `limits.unread_by_client` is waiting for the client's socket / all of it was taken.
    package mutating func clientCongested(_ id: ClientID, now: Instant, _ effects: inout Effects) {}
    package mutating func clientRelieved(_ id: ClientID, now: Instant, _ effects: inout Effects) {}

    // MARK: Upstream connections

    package mutating func connectionReady(_ id: ConnectionID, now: Instant, _ effects: inout Effects) {}
    package mutating func connectionFailed(
        _ id: ConnectionID, _ failure: DialFailure, now: Instant, _ effects: inout Effects
    ) {}
    package mutating func connectionMessage(
        _ id: ConnectionID, _ kind: MessageKind, _ bytes: Span<UInt8>, now: Instant, _ effects: inout Effects
    ) {}
    /// A message of this connection grows past `limits.message`; the runtime closes it with 1009 after this.
    package mutating func connectionMessageTooLarge(_ id: ConnectionID, now: Instant, _ effects: inout Effects) {}
    /// The peer's close, end or reset was read, or it broke the protocol. `code` is the close frame's, if there was
    /// one. Idempotent.
    package mutating func connectionClosed(
        _ id: ConnectionID, code: CloseCode?, now: Instant, _ effects: inout Effects
    ) {}
    package mutating func connectionPong(_ id: ConnectionID, now: Instant, _ effects: inout Effects) {}
    package mutating func connectionCongested(_ id: ConnectionID, now: Instant, _ effects: inout Effects) {}
    package mutating func connectionRelieved(_ id: ConnectionID, now: Instant, _ effects: inout Effects) {}

    // MARK: Worker

    /// When `tick` wants to be called next; `.distantFuture` when nothing waits. Cheap: read it after every event.
    package var nextDeadline: Instant { .distantFuture }
    package mutating func tick(now: Instant, _ effects: inout Effects) {}
    /// A graceful stop begins: new messages are refused with `draining`, exchanges in flight may end until
    /// `drain.exchanges`, then sockets close with 1012, spread.
    package mutating func drain(_ settings: DrainSettings, now: Instant, _ effects: inout Effects) {}
    /// Bytes that the runtime's write buffers hold: the runtime keeps it up to date; part of `limits.memory`.
    package var bufferedBytes: Int = 0
    /// Nothing is left to wait for.
    package var isIdle: Bool { true }
}
