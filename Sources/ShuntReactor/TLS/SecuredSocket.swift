/// What a socket that speaks TLS has beside what plain ones have.
final class SecuredSocket {
    /// What the peer's direction came to, where its owner has not been told.
    enum Over {
        case ended
        case failed
    }

    let connection: TLSConnection
    /// Bytes for the wire that the system did not take.
    var held = OutputBuffer()
    /// Bytes from the wire that nobody has decrypted: they came together with the end of the handshake.
    var unread = OutputBuffer()
    /// The peer's direction is over, and its owner is to be told.
    var over: Over?
    /// Nothing has come yet.
    var isFresh = true
    /// The peer does not speak TLS at all: what came is in `unread` as it came.
    var isPlain = false
    /// We said that we say no more, or can say nothing.
    var hasSaidEnd = false
    /// The reactor's list of sockets with something to read that the kernel does not tell of has it.
    var isListed = false
    var problem: TLSProblem?

    init(_ connection: TLSConnection) { self.connection = connection }

    /// There is something to be received, whatever the kernel says.
    var hasInput: Bool { over != nil || !unread.isEmpty }
}

/// The memory that sockets with TLS share: it is in use during a call only.
@safe
final class TLSRooms {
    /// The most that is read from the wire at once. With what OpenSSL has of one record before, no more than
    /// `Reactor.largestRead` bytes of plaintext come of it: nothing that is decrypted ever waits.
    static let largestRead = Reactor.largestRead - (16 << 10)
    /// Four records, and what encryption adds to them.
    private static let wireSize = 4 * (16 << 10) + (4 << 10)

    let plain: UnsafeMutableRawBufferPointer
    let wire: UnsafeMutableRawBufferPointer

    init() {
        unsafe plain = .allocate(byteCount: Reactor.largestRead, alignment: 64)
        unsafe wire = .allocate(byteCount: Self.wireSize, alignment: 64)
    }

    deinit {
        unsafe plain.deallocate()
        unsafe wire.deallocate()
    }
}
