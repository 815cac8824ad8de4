import NIOCore

/// The bytes that are read from a socket at once: twice as many after a read that took all there was room for, half as
/// many after two in a row that needed no more than half.
///
/// It is NIO's adaptive allocator in less room. Three words and less NIO keeps where they are; its own lies in a box, and
/// whether somebody shares that is asked with every read.
struct ReadSize: RecvByteBufferAllocator {
    static let smallest = 64
    static let largest = 64 << 10

    private var next: Int32 = 2048
    /// The last read would have done with half.
    private var wasLarge = false

    func buffer(allocator: ByteBufferAllocator) -> ByteBuffer { allocator.buffer(capacity: Int(next)) }

    func nextBufferSize() -> Int? { Int(next) }

    mutating func record(actualReadBytes count: Int) -> Bool {
        let size = Int(next)
        if count <= size / 2, size > Self.smallest {
            if wasLarge { next /= 2 }
            wasLarge.toggle()
            return false
        }
        wasLarge = false
        guard count >= size, size < Self.largest else { return false }
        next *= 2
        return true
    }
}
