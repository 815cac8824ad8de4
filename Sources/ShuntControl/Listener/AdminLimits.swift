package import NIOCore

/// What bounds the admin listener. Not in the file: nobody has had to change them.
package struct AdminLimits: Sendable {
    /// Of a request's body, in bytes.
    package var body = 65_536
    package var connections = 128
    package var streams = 16
    /// For a request's head and body to arrive in.
    package var request = TimeAmount.seconds(10)
    /// Between requests, and before the first.
    package var idle = TimeAmount.seconds(60)
    /// How long a client may take nothing of what is written to it.
    package var stall = TimeAmount.seconds(30)
    /// Between the keep-alive comments of an event stream.
    package var beat = Duration.seconds(15)
    package init() {}
}
