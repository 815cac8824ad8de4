package import ShuntCore

/// Tells ids of sockets from others.
package enum SocketTag {}
/// A socket of one reactor. An id of the past finds nothing: what comes late or twice is harmless.
package typealias SocketID = SlotID<SocketTag>

/// The marks of what waits for a socket that takes its time, in bytes.
package struct WaterMarks: Sendable, Hashable {
    /// Above this the socket is congested.
    package var high: Int
    /// At or below this it is relieved.
    package var low: Int

    /// Congested above `limit`, relieved at half of it.
    package init(_ limit: Int) {
        high = max(1, limit)
        low = max(1, limit) / 2
    }
}

/// One descriptor, as its reactor has it. (Sendable: it is in one place at a time, and nobody else has its memory.)
struct Socket: ~Copyable, @unchecked Sendable {
    enum Stage: UInt8 {
        /// A connection on its way. Becomes `open`, `securing` or `lost`.
        case connecting
        /// A TLS handshake is under way. Becomes `open` or `lost`.
        case securing
        /// Bytes flow. Becomes `lost`, or `securing`.
        case open
        /// Accepts connections. Becomes `lost`.
        case listening
        /// The system has nothing more to say of it; the owner is told, and closes it.
        case lost
    }

    /// What happens when the output is sent.
    enum Afterwards: UInt8 {
        case nothing
        /// This direction ends.
        case finish
        case close
    }

    let descriptor: CInt
    var stage: Stage
    var afterwards = Afterwards.nothing
    /// The owner wants to hear what comes.
    var isReading = true
    /// The peer said that it says no more: there is nothing to be read.
    var hasEnded = false
    /// Our direction is ended.
    var isFinished = false
    /// The peer takes nothing more; what it said before is still read.
    var isBroken = false
    /// The socket did not take everything.
    var awaitsRoom = false
    /// The reactor's list of sockets to flush has it.
    var isDirty = false
    var isCongested = false
    /// The poller has it.
    var isWatched = false
    var interest: Readiness = []
    var output = OutputBuffer()
    var marks = WaterMarks(1 << 20)
    /// Bytes of `output` that are counted as waiting.
    var pending = 0
    /// When the owner wants to be told, and when the wheel looks at it.
    var deadline = Instant.distantFuture
    var armed = Instant.distantFuture
    /// What TLS needs; nil where bytes are sent as they are.
    var tls: SecuredSocket?

    init(descriptor: CInt, stage: Stage) {
        self.descriptor = descriptor
        self.stage = stage
    }

    /// What the poller is to be asked for.
    var wanted: Readiness {
        switch stage {
        case .connecting: return .output
        case .listening: return isReading ? .input : []
        case .lost: return []
        case .securing: return awaitsRoom ? [.input, .output] : .input
        case .open:
            var wanted: Readiness = isReading && !hasEnded ? .input : []
            if awaitsRoom { wanted.insert(.output) }
            return wanted
        }
    }
}

extension SocketID {
    /// The word that the poller is given.
    var token: UInt64 { UInt64(generation) << 32 | UInt64(index) }

    init(token: UInt64) {
        self.init(
            index: UInt32(truncatingIfNeeded: token), generation: UInt32(truncatingIfNeeded: token >> 32))
    }
}
