package import ShuntCore

/// Writes metrics in the text format 0.0.4 or as OpenMetrics 1.0, straight into bytes.
///
/// Families come one after the other, each begun by `counter`, `gauge` or `histogram` and followed by its samples. Names of
/// families and labels are ours and are written as they are; label values may be anybody's and are escaped.
package struct MetricsWriter: Sendable {
    package let format: MetricsFormat
    package private(set) var bytes: [UInt8] = []
    private var family: [UInt8] = []
    /// The family's name, with what follows it in each sample.
    private var name: [UInt8] = []

    /// - Parameter expected: how many bytes the page will have, about.
    package init(_ format: MetricsFormat, expecting expected: Int = 1 << 14) {
        self.format = format
        bytes.reserveCapacity(expected + expected / 16)
    }

    /// The page, with its end mark where the format has one.
    package consuming func finished() -> [UInt8] {
        if format == .openMetrics { bytes.append(contentsOf: "# EOF\n".utf8) }
        return bytes
    }

    // MARK: Families

    /// - Parameter name: without `_total`, which is added.
    package mutating func counter(_ name: String, _ help: String) {
        begin(name, "counter", help, shown: format == .openMetrics ? name : name + "_total")
        self.name = Array((name + "_total").utf8)
    }

    package mutating func gauge(_ name: String, _ help: String) { begin(name, "gauge", help, shown: name) }

    package mutating func histogram(_ name: String, _ help: String) { begin(name, "histogram", help, shown: name) }

    /// A sum and a count, without quantiles.
    package mutating func summary(_ name: String, _ help: String) { begin(name, "summary", help, shown: name) }

    private mutating func begin(_ name: String, _ type: String, _ help: String, shown: String) {
        family = Array(name.utf8)
        self.name = family
        add("# HELP ")
        add(shown)
        add(" ")
        Self.addEscaped(help, quotes: format == .openMetrics, to: &bytes)
        add("\n# TYPE ")
        add(shown)
        add(" ")
        add(type)
        add("\n")
    }

    // MARK: Samples

    package typealias Labels = KeyValuePairs<String, String>

    /// Labels as they stand in a sample, with the blank behind them.
    package static func rendered(_ labels: Labels) -> [UInt8] {
        var bytes: [UInt8] = []
        for (name, value) in labels {
            bytes.append(bytes.isEmpty ? 0x7B : 0x2C)
            bytes.append(contentsOf: name.utf8)
            bytes.append(contentsOf: "=\"".utf8)
            addEscaped(value, quotes: true, to: &bytes)
            bytes.append(0x22)
        }
        if !bytes.isEmpty { bytes.append(0x7D) }
        bytes.append(0x20)
        return bytes
    }

    package mutating func sample(_ value: Int, _ labels: Labels = [:]) { sample(value, Self.rendered(labels)) }

    package mutating func sample(_ value: Double, _ labels: Labels = [:]) { sample(value, Self.rendered(labels)) }

    /// - Parameter labels: from `rendered`.
    package mutating func sample(_ value: Int, _ labels: [UInt8]) {
        bytes.append(contentsOf: name)
        bytes.append(contentsOf: labels)
        add(value)
        bytes.append(0x0A)
    }

    package mutating func sample(_ value: Double, _ labels: [UInt8]) {
        bytes.append(contentsOf: name)
        bytes.append(contentsOf: labels)
        add(Self.text(value))
        bytes.append(0x0A)
    }

    /// A sample for each of a column, in its order.
    ///
    /// - Parameter value: by place; nil leaves that one out.
    @inline(__always)
    package mutating func samples(_ column: LabelColumn, _ value: (Int) -> Int?) {
        // Moved out and in again, so that nothing is counted or checked with each line.
        var out: [UInt8] = []
        swap(&out, &bytes)
        name.withUnsafeBufferPointer { name in
            column.bytes.withUnsafeBufferPointer { labels in
                var start = 0
                for (place, end) in column.ends.enumerated() {
                    defer { start = end }
                    guard start < end, let value = value(place) else { continue }
                    out.append(contentsOf: name)
                    out.append(contentsOf: UnsafeBufferPointer(rebasing: labels[start..<end]))
                    Self.add(value, to: &out)
                    out.append(0x0A)
                }
            }
        }
        swap(&out, &bytes)
    }

    /// One of a histogram: cumulative buckets, count and sum, in seconds.
    package mutating func sample(_ durations: DurationCounts, _ labels: Labels) {
        sample(durations, Self.rendered(labels))
    }

    package mutating func sample(_ durations: DurationCounts, _ labels: [UInt8]) {
        // The beginning of each line is the same: it is made once, from `{a="b"} `.
        var beginning = family
        beginning.append(contentsOf: "_bucket".utf8)
        if labels.count > 1 {
            beginning.append(contentsOf: labels.dropLast(2))
            beginning.append(0x2C)
        } else {
            beginning.append(0x7B)
        }
        beginning.append(contentsOf: "le=\"".utf8)
        var sum = 0
        for (place, count) in durations.buckets.enumerated() {
            sum &+= count
            bytes.append(contentsOf: beginning)
            bytes.append(contentsOf: Self.bounds[place])
            add(sum)
            bytes.append(0x0A)
        }
        sums(of: durations.nanoseconds, sum, labels)
    }

    /// What ends a bucket's labels: its upper bound in seconds.
    private static let bounds: [[UInt8]] = (0..<DurationBuckets.count).map { place in
        guard place < DurationBuckets.bounded else { return Array("+Inf\"} ".utf8) }
        let milliseconds = DurationBuckets.milliseconds(of: place)
        let digits = [milliseconds % 1000 / 100, milliseconds / 10 % 10, milliseconds % 10]
        return Array("\(milliseconds / 1000).\(digits[0])\(digits[1])\(digits[2])\"} ".utf8)
    }

    /// One of a summary, in seconds.
    package mutating func sample(nanoseconds: Int64, count: Int, _ labels: Labels) {
        sums(of: nanoseconds, count, Self.rendered(labels))
    }

    package mutating func sample(nanoseconds: Int64, count: Int, _ labels: [UInt8]) {
        sums(of: nanoseconds, count, labels)
    }

    private mutating func sums(of nanoseconds: Int64, _ count: Int, _ labels: [UInt8]) {
        bytes.append(contentsOf: family)
        add("_sum")
        bytes.append(contentsOf: labels)
        if nanoseconds == 0 { add(0) } else { add(Self.text(Double(nanoseconds) / 1e9)) }
        bytes.append(0x0A)
        bytes.append(contentsOf: family)
        add("_count")
        bytes.append(contentsOf: labels)
        add(count)
        bytes.append(0x0A)
    }

    // MARK: Bytes

    /// As both formats read it: `NaN`, `+Inf`, `-Inf`, else a decimal number.
    static func text(_ value: Double) -> String {
        if value.isNaN { return "NaN" }
        if value.isInfinite { return value < 0 ? "-Inf" : "+Inf" }
        return "\(value)"
    }

    private mutating func add(_ text: String) { bytes.append(contentsOf: text.utf8) }

    private mutating func add(_ value: Int) { Self.add(value, to: &bytes) }

    @inline(__always)
    private static func add(_ value: Int, to bytes: inout [UInt8]) {
        guard value >= 0 else { return bytes.append(contentsOf: "\(value)".utf8) }
        if value < 10 { return bytes.append(0x30 + UInt8(truncatingIfNeeded: value)) }
        let start = bytes.count
        var rest = value
        while rest > 0 {
            bytes.append(0x30 + UInt8(truncatingIfNeeded: rest % 10))
            rest /= 10
        }
        bytes[start...].reverse()
    }

    private static func addEscaped(_ text: String, quotes: Bool, to bytes: inout [UInt8]) {
        for byte in text.utf8 {
            switch byte {
            case 0x5C: bytes.append(contentsOf: "\\\\".utf8)
            case 0x0A: bytes.append(contentsOf: "\\n".utf8)
            case 0x22 where quotes: bytes.append(contentsOf: "\\\"".utf8)
            default: bytes.append(byte)
            }
        }
    }
}
