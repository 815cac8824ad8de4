import NIOCore

/// Output buffers between two flushes: an idle socket holds none, a busy worker allocates none.
///
/// Buffers change places with the empty ones of those who want them: nothing is counted up or down on the way.
struct BufferPool {
    /// What a single kept buffer may hold; larger ones are dropped after use.
    static let largestKept = 64 << 10
    /// What all kept buffers may hold together.
    private static let mostKept = 4 << 20

    /// The first `count` are to be had, the rest are empty.
    private var buffers: [ByteBuffer] = []
    private var count = 0
    /// Bytes that those hold which are to be had.
    private var kept = 0
    private let allocator = ByteBufferAllocator()

    /// Puts a buffer in place of an empty one.
    mutating func take(into empty: inout ByteBuffer, atLeast capacity: Int) {
        guard count > 0 else {
            empty = allocator.buffer(capacity: max(capacity, 4096))
            return
        }
        count -= 1
        swap(&buffers[count], &empty)
        kept -= empty.storageCapacity
    }

    /// Takes a buffer back whose bytes are written and which nobody else was ever given; leaves an empty one.
    mutating func giveBack(written buffer: inout ByteBuffer) {
        let capacity = buffer.storageCapacity
        guard capacity <= Self.largestKept, kept + capacity <= Self.mostKept else {
            buffer = ByteBuffer()
            return
        }
        buffer.clear()
        if count == buffers.count { buffers.append(ByteBuffer()) }
        swap(&buffers[count], &buffer)
        count += 1
        kept += capacity
    }

    /// Takes a buffer back that was handed out, if nobody else holds it any more. In place: handing it over as a value
    /// makes a second reference, and then it is never ours alone.
    ///
    /// - Returns: false where somebody else still holds it: its bytes are not all written.
    mutating func giveBack(_ buffer: inout ByteBuffer) -> Bool {
        guard buffer.modifyIfUniquelyOwned({ $0.clear() }) != nil else { return false }
        giveBack(written: &buffer)
        return true
    }
}
