import NIOCore

/// Output buffers between two flushes: an idle socket holds none, a busy worker allocates none.
struct BufferPool {
    /// What a single kept buffer may hold; larger ones are dropped after use.
    static let largestKept = 64 << 10
    /// How many are kept.
    private static let mostKept = 64

    private var buffers: [ByteBuffer] = []
    private let allocator = ByteBufferAllocator()

    mutating func take(atLeast capacity: Int) -> ByteBuffer {
        if let buffer = buffers.popLast() { return buffer }
        return allocator.buffer(capacity: max(capacity, 4096))
    }

    /// Takes a buffer back, if nobody else holds it and it is of a size worth keeping. In place: handing it over as a
    /// value makes a second reference, and then it is never ours alone.
    ///
    /// - Returns: false where somebody else still holds it: its bytes are not all written.
    mutating func giveBack(_ buffer: inout ByteBuffer) -> Bool {
        let isOurs = buffer.modifyIfUniquelyOwned { $0.clear() } != nil
        guard isOurs else { return false }
        if buffer.storageCapacity <= Self.largestKept, buffers.count < Self.mostKept { buffers.append(buffer) }
        return true
    }
}
