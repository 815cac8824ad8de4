/// Bytes on their way to one socket, in memory of its own. Nobody shares it, so no reference is counted and nobody is
/// asked before it is written to.
@safe
struct OutputBuffer: ~Copyable {
    /// The bytes and the room around them; nil where there is room for nothing.
    private var memory: UnsafeMutableRawPointer?
    /// Bytes from the first to the last of the room.
    private(set) var capacity = 0
    /// The place of the first byte that is to be sent.
    private var start = 0
    /// The place behind the last one.
    private var end = 0

    /// The least memory of a buffer that has any.
    static let smallest = 4096

    init() {}

    deinit { unsafe memory?.deallocate() }

    /// Bytes that are to be sent.
    var count: Int { end &- start }
    var isEmpty: Bool { start == end }

    /// The bytes to be sent. Good until the buffer is changed.
    var bytes: UnsafeRawBufferPointer {
        guard let memory = unsafe memory else { return unsafe UnsafeRawBufferPointer(start: nil, count: 0) }
        return unsafe UnsafeRawBufferPointer(start: memory + start, count: count)
    }

    /// Appends the bytes that `body` writes.
    ///
    /// - Parameters:
    ///   - length: how many bytes there must be room for.
    ///   - body: gets that many bytes, and says how many of them, from the first one on, it wrote.
    /// - Returns: how many bytes were appended.
    @inline(__always)
    mutating func append(atMost length: Int, _ body: (UnsafeMutableRawBufferPointer) -> Int) -> Int {
        if capacity &- end < length { grow(by: length) }
        guard let memory = unsafe memory, length > 0 else { return 0 }
        let room = unsafe UnsafeMutableRawBufferPointer(start: memory + end, count: length)
        let written = unsafe max(0, min(length, body(room)))
        end &+= written
        return written
    }

    /// Appends bytes.
    mutating func append(_ bytes: UnsafeRawBufferPointer) {
        _ = unsafe append(atMost: bytes.count) { room in
            unsafe room.copyMemory(from: bytes)
            return bytes.count
        }
    }

    /// Forgets the first bytes: they are sent.
    mutating func drop(first sent: Int) {
        start = min(end, start &+ max(0, sent))
        if start == end {
            start = 0
            end = 0
        }
    }

    @inline(never)
    private mutating func grow(by length: Int) {
        let held = count
        // Where half of the room is of bytes that are sent, theirs is enough.
        if let memory = unsafe memory, start >= capacity / 2, capacity - held >= length {
            unsafe memory.copyMemory(from: memory + start, byteCount: held)
        } else {
            let size = max(Self.smallest, held + length, capacity * 2)
            let larger = UnsafeMutableRawPointer.allocate(byteCount: size, alignment: 16)
            if let memory = unsafe memory { unsafe larger.copyMemory(from: memory + start, byteCount: held) }
            unsafe memory?.deallocate()
            unsafe memory = larger
            capacity = size
        }
        start = 0
        end = held
    }

    // MARK: Memory that changes hands

    /// Takes memory that is nobody's, where it has none.
    @inline(__always)
    fileprivate mutating func adopt(_ other: UnsafeMutableRawPointer, _ size: Int) {
        unsafe memory = other
        capacity = size
        start = 0
        end = 0
    }

    /// Leaves itself without memory; the caller has it now.
    @inline(__always)
    fileprivate mutating func giveUp() -> (UnsafeMutableRawPointer, Int)? {
        guard let memory = unsafe memory else { return nil }
        let size = capacity
        unsafe self.memory = nil
        capacity = 0
        start = 0
        end = 0
        return unsafe (memory, size)
    }
}

/// The memory of output buffers between two sends: an idle socket holds none, a busy reactor allocates none, and what a
/// burst needed goes back to the system.
@safe
struct OutputPool: ~Copyable {
    /// The most that a single kept piece of memory holds; a larger one is freed after use.
    static let largestKept = 64 << 10
    /// The most that all kept ones hold together.
    static let mostKept = 4 << 20

    /// The beginning of each piece that is kept.
    @unsafe
    private struct Link {
        var next: UnsafeMutableRawPointer?
        var size: Int
    }

    /// The piece that was given back last.
    private var first: UnsafeMutableRawPointer?
    /// Bytes of all that are kept.
    private(set) var kept = 0
    /// The least that was kept since the last `shrink`: nobody needed that much.
    private var leastKept = 0

    init() {}

    deinit {
        var next = unsafe first
        while let memory = unsafe next {
            unsafe next = memory.load(as: Link.self).next
            unsafe memory.deallocate()
        }
    }

    @inline(__always)
    private mutating func take() -> (UnsafeMutableRawPointer, Int)? {
        guard let memory = unsafe first else { return nil }
        let link = unsafe memory.load(as: Link.self)
        unsafe first = link.next
        let size = unsafe link.size
        kept &-= size
        return unsafe (memory, size)
    }

    /// Gives memory to a buffer that has none, where some is kept; else the buffer allocates its own.
    @inline(__always)
    mutating func lend(to buffer: inout OutputBuffer) {
        guard buffer.capacity == 0, let (memory, size) = unsafe take() else { return }
        unsafe buffer.adopt(memory, size)
        if kept < leastKept { leastKept = kept }
    }

    /// Takes back the memory of a buffer whose bytes are sent.
    @inline(__always)
    mutating func giveBack(_ buffer: inout OutputBuffer) {
        guard let (memory, size) = unsafe buffer.giveUp() else { return }
        guard size <= Self.largestKept, size <= Self.mostKept &- kept else { return unsafe memory.deallocate() }
        unsafe memory.storeBytes(of: Link(next: first, size: size), as: Link.self)
        unsafe first = memory
        kept &+= size
    }

    /// Frees half of what was not needed since it was called last.
    mutating func shrink() {
        let wanted = kept - (leastKept + 1) / 2
        while kept > wanted, let (memory, _) = unsafe take() { unsafe memory.deallocate() }
        leastKept = kept
    }
}
