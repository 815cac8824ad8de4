/// Addresses of earlier messages with the routes that they named: the same few come again and again. One that is remembered
/// is compared byte for byte, and needs no look-up. Only what names its route by its first member is.
struct AddressMemory: Sendable {
    private struct Known: Sendable {
        /// The value's content, filled up with 0; no value where `length` is negative.
        var content = SIMD16<UInt8>()
        var length = -1
        var route = 0
    }

    private static let count = 16
    private var known = [Known](repeating: Known(), count: count)
    /// Whose routes these are.
    private var addressing: Addressing?

    /// As `Addressing.resolve`.
    @inline(__always)
    mutating func resolve(
        _ envelope: borrowing Envelope, _ bytes: Span<UInt8>, by addressing: Addressing
    ) -> Resolution {
        guard let value = envelope.value(addressing.firstSlot), value.kind == .string, !value.mayEscape else {
            return addressing.resolve(envelope, bytes)
        }
        let length = value.end &- value.start &- 2
        guard length >= 0, length <= 16 else { return addressing.resolve(envelope, bytes) }
        let content = bytes.upToSixteen(at: value.start &+ 1, length: length)
        let place = Self.place(content, length)
        if known[place].length == length, areEqual(known[place].content, content), self.addressing === addressing {
            return .route(known[place].route)
        }
        return learn(content, length, at: place, envelope, bytes, addressing)
    }

    @inline(never)
    private mutating func learn(
        _ content: SIMD16<UInt8>, _ length: Int, at place: Int, _ envelope: borrowing Envelope, _ bytes: Span<UInt8>,
        _ addressing: Addressing
    ) -> Resolution {
        if self.addressing !== addressing {
            self = AddressMemory()
            self.addressing = addressing
        }
        let resolution = addressing.resolve(envelope, bytes)
        if case .route(let route) = resolution, addressing.isWhole(envelope, bytes) {
            known[place] = Known(content: content, length: length, route: route)
        }
        return resolution
    }

    @inline(__always)
    private static func place(_ content: SIMD16<UInt8>, _ length: Int) -> Int {
        let words = unsafe unsafeBitCast(content, to: SIMD2<UInt64>.self)
        let hash = (words[0] ^ words[1] &* 31 ^ UInt64(truncatingIfNeeded: length)) &* 0x9E37_79B9_7F4A_7C15
        return Int(truncatingIfNeeded: hash &>> 60)
    }
}
