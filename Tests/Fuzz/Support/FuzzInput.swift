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

/// States what must hold for every input.
func require(_ condition: @autoclosure () -> Bool, _ what: @autoclosure () -> String) {
    if !condition() { fatalError(what()) }
}

func utf8(_ text: String) -> [UInt8] { Array(text.utf8) }

func text(_ bytes: [UInt8]) -> String { String(decoding: bytes, as: UTF8.self) }
