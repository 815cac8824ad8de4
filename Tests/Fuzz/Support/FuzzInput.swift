/// The bytes of one fuzz input, taken from the front: first what steers the target, then the data itself.
struct FuzzInput {
    private(set) var rest: [UInt8]

    init(_ data: UnsafePointer<UInt8>?, _ size: Int) {
        rest = Array(UnsafeBufferPointer(start: data, count: size)).reversed()
    }

    /// The next byte; 0 when there is none.
    mutating func byte() -> UInt8 { rest.popLast() ?? 0 }

    /// A number below `limit` by the next byte.
    mutating func below(_ limit: Int) -> Int { Int(byte()) % limit }

    /// All that is left.
    mutating func bytes() -> [UInt8] {
        defer { rest = [] }
        return rest.reversed()
    }
}

extension FuzzInput {
    /// How many bytes the pieces have that something is read in, one after the other and over again.
    mutating func cuts() -> [Int] { [below(7) + 1, below(40) + 1, below(3) + 1] }
}

/// Bytes in pieces; all in one without cuts.
func pieces(of bytes: [UInt8], cuts: [Int]) -> [[UInt8]] {
    var pieces: [[UInt8]] = []
    var start = 0
    while start < bytes.count {
        let count = cuts.isEmpty ? bytes.count : cuts[pieces.count % cuts.count]
        pieces.append(Array(bytes[start..<min(bytes.count, start + count)]))
        start += count
    }
    return pieces
}

/// States what must hold for every input.
func require(_ condition: @autoclosure () -> Bool, _ what: @autoclosure () -> String) {
    if !condition() { fatalError(what()) }
}

func utf8(_ text: String) -> [UInt8] { Array(text.utf8) }

func text(_ bytes: [UInt8]) -> String { String(decoding: bytes, as: UTF8.self) }
