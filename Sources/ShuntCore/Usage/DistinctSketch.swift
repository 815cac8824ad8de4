/// How many different values were added, in bounded room: exact up to 128, an estimate beyond.
///
/// Values are 64-bit keyed hashes; a sketch never sees what they stand for. Beyond 128 it is a HyperLogLog (Flajolet et
/// al., 2007) of 1,024 registers, read by Ertl's estimator ("New cardinality estimation algorithms for HyperLogLog
/// sketches", 2017): its standard error is 1.04/√1024 = 3.25 %, so that 19 of 20 estimates are within 6.5 %. A union is
/// as exact as if all had been added to one sketch.
package struct DistinctSketch: Sendable, Hashable {
    /// Values that are kept as they are, in ascending order.
    package static let exactly = 128
    private static let bits = 10
    private static let size = 1 << bits

    private var values: [UInt64] = []
    /// Empty as long as `values` do.
    private var registers: [UInt8] = []

    package init() {}

    package var isExact: Bool { registers.isEmpty }

    package mutating func add(_ value: UInt64) {
        guard isExact else { return register(value) }
        var low = 0
        var high = values.count
        while low < high {
            let middle = (low + high) / 2
            if values[middle] < value { low = middle + 1 } else { high = middle }
        }
        if low < values.count, values[low] == value { return }
        values.insert(value, at: low)
        if values.count > Self.exactly { estimateFromNowOn() }
    }

    package mutating func formUnion(_ other: DistinctSketch) {
        for value in other.values { add(value) }
        guard !other.isExact else { return }
        if isExact { estimateFromNowOn() }
        for index in registers.indices { registers[index] = max(registers[index], other.registers[index]) }
    }

    private mutating func estimateFromNowOn() {
        registers = [UInt8](repeating: 0, count: Self.size)
        for value in values { register(value) }
        values = []
    }

    private mutating func register(_ value: UInt64) {
        let index = Int(truncatingIfNeeded: value &>> UInt64(64 - Self.bits))
        let rest = value &<< UInt64(Self.bits)
        let rank = UInt8(truncatingIfNeeded: min(rest.leadingZeroBitCount, 64 - Self.bits) + 1)
        if registers[index] < rank { registers[index] = rank }
    }

    // MARK: Reading

    /// How many there were, rounded.
    package var count: Int { isExact ? values.count : Int(exactly: estimate.rounded()) ?? .max }

    private var estimate: Double {
        let most = 64 - Self.bits
        var histogram = [Int](repeating: 0, count: most + 2)
        for register in registers { histogram[min(Int(register), most + 1)] += 1 }
        let size = Double(Self.size)
        var sum = size * Self.tau(1 - Double(histogram[most + 1]) / size)
        for rank in stride(from: most, through: 1, by: -1) { sum = 0.5 * (sum + Double(histogram[rank])) }
        sum += size * Self.sigma(Double(histogram[0]) / size)
        // 1 / (2 ln 2)
        return 0.721_347_520_444_481_7 * size * size / sum
    }

    /// Corrects for registers that nothing reached.
    private static func sigma(_ share: Double) -> Double {
        if share >= 1 { return .infinity }
        var (power, weight, sum) = (share, 1.0, share)
        while true {
            power *= power
            let before = sum
            sum += power * weight
            weight += weight
            if sum == before { return sum }
        }
    }

    /// Corrects for registers that are full.
    private static func tau(_ share: Double) -> Double {
        if share <= 0 || share >= 1 { return 0 }
        var (root, weight, sum) = (share, 1.0, 1 - share)
        while true {
            root = root.squareRoot()
            let before = sum
            weight *= 0.5
            sum -= (1 - root) * (1 - root) * weight
            if sum == before { return sum / 3 }
        }
    }

    // MARK: On disk

    /// Exact: a zero, then the values in ascending order, eight bytes each, the lowest first. Else: a one, then the 1,024
    /// registers.
    package var bytes: [UInt8] {
        if !isExact { return [1] + registers }
        var bytes: [UInt8] = [0]
        for value in values {
            for place in 0..<8 { bytes.append(UInt8(truncatingIfNeeded: value &>> UInt64(place * 8))) }
        }
        return bytes
    }

    /// Reads what `bytes` wrote; nil for anything else.
    package init?(bytes: [UInt8]) {
        let rest = bytes.dropFirst()
        switch bytes.first {
        case 0:
            guard rest.count % 8 == 0, rest.count <= Self.exactly * 8 else { return nil }
            for start in stride(from: 1, to: bytes.count, by: 8) {
                var value: UInt64 = 0
                for place in 0..<8 { value |= UInt64(bytes[start + place]) &<< UInt64(place * 8) }
                add(value)
            }
        case 1:
            guard rest.count == Self.size, rest.allSatisfy({ Int($0) <= 65 - Self.bits }) else { return nil }
            registers = Array(rest)
        default: return nil
        }
    }
}
