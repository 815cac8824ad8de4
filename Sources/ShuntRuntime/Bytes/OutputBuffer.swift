/// Bytes on their way to one socket, in memory of its own. Nobody shares it, so no reference is counted and nobody is
/// asked before it is written to: with a `ByteBuffer` both happen for each message, several times.
struct OutputBuffer: ~Copyable {
    /// The bytes and the room behind them; nil where there is room for nothing.
    private var memory: UnsafeMutableRawPointer?
    /// Bytes that fit before it grows.
    private(set) var capacity = 0
    /// Bytes that are to be written.
    private(set) var count = 0

    /// The least memory of a buffer that has any.
    static let smallest = 4096

    deinit { memory?.deallocate() }

    /// The bytes to be written. Good until the buffer is changed.
    var bytes: UnsafeRawBufferPointer { UnsafeRawBufferPointer(start: memory, count: count) }

    /// Appends the bytes that `body` writes.
    ///
    /// - Parameters:
    ///   - length: how many bytes there must be room for.
    ///   - body: gets that many bytes, and says how many of them, from the first one on, it wrote.
    /// - Returns: how many bytes were appended.
    @inline(__always)
    @discardableResult
    mutating func append(atMost length: Int, _ body: (UnsafeMutableRawBufferPointer) -> Int) -> Int {
        if capacity - count < length { grow(by: length) }
        guard let memory, length > 0 else { return 0 }
        let written = max(0, min(length, body(UnsafeMutableRawBufferPointer(start: memory + count, count: length))))
        count &+= written
        return written
    }

    mutating func append(_ bytes: [UInt8]) {
        append(atMost: bytes.count) { room in
            room.copyBytes(from: bytes)
            return bytes.count
        }
    }

    /// Forgets the first bytes: they are written.
    mutating func drop(first written: Int) {
        guard written > 0 else { return }
        count = max(0, count - written)
        if let memory, count > 0 { memory.copyMemory(from: memory + written, byteCount: count) }
    }

    @inline(never)
    private mutating func grow(by length: Int) {
        let size = max(Self.smallest, count + length, capacity * 2)
        let larger = UnsafeMutableRawPointer.allocate(byteCount: size, alignment: 16)
        if let memory { larger.copyMemory(from: memory, byteCount: count) }
        memory?.deallocate()
        memory = larger
        capacity = size
    }

    // MARK: Memory that changes hands

    /// Takes memory that is nobody's, where it has none.
    @inline(__always)
    fileprivate mutating func adopt(_ other: UnsafeMutableRawPointer, _ size: Int) {
        memory = other
        capacity = size
        count = 0
    }

    /// Leaves itself without memory; the caller has it now.
    @inline(__always)
    fileprivate mutating func giveUp() -> (UnsafeMutableRawPointer, Int)? {
        guard let memory else { return nil }
        let size = capacity
        self.memory = nil
        capacity = 0
        count = 0
        return (memory, size)
    }
}

/// The memory of output buffers between two flushes: an idle socket holds none, a busy worker allocates none.
struct BufferPool: ~Copyable {
    /// The most that a single kept piece of memory holds; a larger one is freed after use.
    static let largestKept = 64 << 10
    /// The most that all kept ones hold together.
    private static let mostKept = 4 << 20

    /// The beginning of each piece that is kept.
    private struct Link {
        var next: UnsafeMutableRawPointer?
        var size: Int
    }

    /// The piece that was given back last.
    private var first: UnsafeMutableRawPointer?
    /// Bytes of all that are kept.
    private var kept = 0

    deinit {
        var memory = first
        while let this = memory {
            memory = this.load(as: Link.self).next
            this.deallocate()
        }
    }

    /// Gives memory to a buffer that has none, where some is kept; else the buffer allocates its own.
    @inline(__always)
    mutating func lend(to buffer: inout OutputBuffer) {
        guard buffer.capacity == 0, let memory = first else { return }
        let link = memory.load(as: Link.self)
        first = link.next
        kept &-= link.size
        buffer.adopt(memory, link.size)
    }

    /// Takes back the memory of a buffer whose bytes are written.
    @inline(__always)
    mutating func giveBack(_ buffer: inout OutputBuffer) {
        guard let (memory, size) = buffer.giveUp() else { return }
        guard size <= Self.largestKept, size <= Self.mostKept &- kept else { return memory.deallocate() }
        memory.storeBytes(of: Link(next: first, size: size), as: Link.self)
        first = memory
        kept &+= size
    }
}
