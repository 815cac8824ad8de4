/// Bounds that protect the process. Sizes in bytes.
package struct Limits: Sendable, Hashable {
    package var message = 16 << 20
    package var nesting = 128
    package var connections = 20_000
    package var connectionsPerSession = 50
    package var connectionsPerAddress = 1000
    /// Per client socket, with bursts of twice that.
    package var messagesPerSecond = 100
    package var handshakeTimeout = TimeSpan.seconds(10)
    /// Bytes of all handshakes under way in the process. Above that accepting pauses, and the slowest give way.
    package var handshakeBytes = 64 << 20
    /// nil: clients are not pinged.
    package var clientPing: KeepaliveSettings? = KeepaliveSettings()
    package var idleTimeout = TimeSpan.hours(1)
    /// Written for a client and not yet taken by its socket; one message is always admitted into an empty buffer.
    package var unreadByClient = 1 << 20
    /// Bytes of the whole process; new work is shed above that.
    package var memory = 2 << 30
    package init() {}
}

/// Settings of sessions: who one is, and what outlives its sockets.
package struct SessionSettings: Sendable, Hashable {
    /// Places where clients carry the token. One place by default: gateways and pages write other tokens into
    /// `Authorization` and cookies.
    package var token: [ValueSource] = [.query("session_token")]
    /// Tokens that mean "none".
    package var absent = ["", "undefined", "null", "None", "anonymous", "[object Object]"]
    /// Whether a client without a token may connect.
    package var anonymousAllowed = true
    package var validation = Validation.none
    package var expiry = ExpirySettings()
    package var refresh = RefreshSettings()
    /// How long a session's connections outlive its last socket.
    package var linger = TimeSpan.minutes(2)
    package var parkedCount = 64
    package var parkedBytes = 1 << 20
    package var parkedFor = TimeSpan.minutes(2)
    package init() {}
}

/// How a stop is spread over time.
package struct DrainSettings: Sendable, Hashable {
    /// How long exchanges in flight may take to finish.
    package var exchanges = TimeSpan.seconds(30)
    /// The span over which the sockets are closed.
    package var spread = TimeSpan.seconds(10)
    /// After this everything is cut.
    package var limit = TimeSpan.seconds(60)
    package init() {}
}
