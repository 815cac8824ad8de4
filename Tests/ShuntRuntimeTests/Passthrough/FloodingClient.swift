import Foundation
import Glibc

@testable import ShuntRuntime

/// Writes until nobody takes any more.
enum FloodingClient {
    /// Sends one message again and again, until the socket takes nothing for a second; the last one is completed by a
    /// thread of its own, when there is room again.
    ///
    /// - Returns: the bytes of all messages.
    static func fill(_ socket: BlockingSocket, message: [UInt8]) throws -> Int {
        var total = 0
        while total < 256 << 20 {
            var sent = 0
            while sent < message.count {
                var wanted = pollfd(fd: socket.descriptor, events: Int16(POLLOUT), revents: 0)
                if poll(&wanted, 1, 1000) == 0 {
                    guard sent > 0 else { return total }
                    let rest = Array(message[sent...])
                    Thread.detachNewThread { try? socket.send(rest) }
                    return total + message.count
                }
                let count = message.withUnsafeBytes { raw in
                    Glibc.send(
                        socket.descriptor, raw.baseAddress.map { $0 + sent }, message.count - sent,
                        Int32(truncatingIfNeeded: MSG_NOSIGNAL) | Int32(truncatingIfNeeded: MSG_DONTWAIT))
                }
                guard count >= 0 || errno == EAGAIN else { throw BlockingSocket.Failure(description: "send: \(errno)") }
                sent += max(0, count)
            }
            total += message.count
        }
        return total
    }
}
