import CDeflate

// The one file that calls zlib, by way of `CDeflate`.

/// Compresses messages (RFC 7692 §7.2.1): one at a time, by what went before where that is kept.
@safe
package final class Deflater {
    private let pointer: OpaquePointer

    /// nil where there is no memory, or the window has no 9 to 15 bits.
    package init?(level: Int, windowBits: Int) {
        guard let made = unsafe shunt_deflater_new(CInt(clamping: level), CInt(clamping: windowBits)) else {
            return nil
        }
        unsafe pointer = made
    }

    deinit { unsafe shunt_deflater_free(pointer) }

    /// Bytes that one takes, at most: zlib's window, twice, its hash chains and buffers, and its state.
    package static func memory(windowBits: Int) -> Int { 1 << (windowBits + 2) + 1 << (windowBits + 2) + 6 << 10 }

    /// Forgets what went before.
    package func reset() { unsafe shunt_deflater_reset(pointer) }

    /// Compresses a whole message.
    ///
    /// - Parameter room: where it is written, from the first byte on; grown as far as it must be.
    /// - Returns: how long it is, without the tail that is not sent; nil where zlib failed.
    package func compress(_ bytes: Span<UInt8>, into room: inout [UInt8]) -> Int? {
        if bytes.isEmpty {
            // The header of an empty block: zlib has nothing to flush (RFC 7692 §7.2.3.6).
            Self.grow(&room, to: 1)
            room[0] = 0
            return 1
        }
        return unsafe bytes.withUnsafeBufferPointer { input in
            unsafe shunt_deflater_begin(pointer, input.baseAddress, input.count)
            Self.grow(&room, to: unsafe shunt_deflater_bound(pointer, input.count))
            var count = 0
            while true {
                let (result, written) = unsafe room.withUnsafeMutableBufferPointer { output in
                    var written = 0
                    let place = unsafe output.baseAddress.map { unsafe $0 + count }
                    let result = unsafe shunt_deflater_step(pointer, place, output.count - count, &written)
                    return (Int(result), written)
                }
                count += written
                switch result {
                case SHUNT_DEFLATE_DONE: return count >= 4 ? count - 4 : nil
                case SHUNT_DEFLATE_MORE: Self.grow(&room, to: count + max(4096, count / 2))
                default: return nil
                }
            }
        }
    }

    fileprivate static func grow(_ room: inout [UInt8], to count: Int) {
        if room.count < count { room.append(contentsOf: repeatElement(0, count: count - room.count)) }
    }
}

/// Brings compressed messages back (RFC 7692 §7.2.2).
@safe
package final class Inflater {
    /// What came of a message.
    package enum Outcome: Equatable, Sendable {
        /// It is whole: so many bytes.
        case whole(Int)
        /// There is more of it than is taken.
        case tooLarge
        /// It is no DEFLATE.
        case malformed
        case noMemory
    }

    private let pointer: OpaquePointer

    /// nil where there is no memory, or the window has no 8 to 15 bits.
    package init?(windowBits: Int) {
        guard let made = unsafe shunt_inflater_new(CInt(clamping: windowBits)) else { return nil }
        unsafe pointer = made
    }

    deinit { unsafe shunt_inflater_free(pointer) }

    /// Bytes that one takes, at most: the window, and zlib's state.
    package static func memory(windowBits: Int) -> Int { 1 << windowBits + 8 << 10 }

    package func reset() { unsafe shunt_inflater_reset(pointer) }

    /// Brings back a whole message: at most `limit` bytes of it, and never with room for more than what has come out and
    /// a step.
    ///
    /// - Parameter room: where it is written, from the first byte on; grown as far as it must be.
    package func expand(_ bytes: Span<UInt8>, into room: inout [UInt8], limit: Int) -> Outcome {
        unsafe bytes.withUnsafeBufferPointer { input in
            unsafe shunt_inflater_begin(pointer, input.baseAddress, input.count)
            // One byte more than is taken tells that there is more.
            let most = max(0, limit) + 1
            var count = 0
            while true {
                if room.count <= count { Deflater.grow(&room, to: min(most, count + Self.step(behind: count))) }
                let size = min(room.count, most) - count
                let (result, written) = unsafe room.withUnsafeMutableBufferPointer { output in
                    var written = 0
                    let place = unsafe output.baseAddress.map { unsafe $0 + count }
                    let result = unsafe shunt_inflater_step(pointer, place, size, &written)
                    return (Int(result), written)
                }
                count += written
                if count > limit { return .tooLarge }
                switch result {
                case SHUNT_DEFLATE_DONE: return .whole(count)
                case SHUNT_DEFLATE_MORE: continue
                case SHUNT_DEFLATE_NO_MEMORY: return .noMemory
                default: return .malformed
                }
            }
        }
    }

    /// How much more room is made: half of what has come, 16 KiB to 1 MiB.
    private static func step(behind count: Int) -> Int { min(max(16 << 10, count / 2), 1 << 20) }
}
