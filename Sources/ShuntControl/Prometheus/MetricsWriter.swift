package import ShuntCore

/// Writes metrics in the text format 0.0.4 or as OpenMetrics 1.0, straight into bytes.
///
/// Families come one after the other, each begun by `counter`, `gauge` or `histogram` and followed by its samples. Names of
/// families and labels are ours and are written as they are; label values may be anybody's and are escaped.
package struct MetricsWriter: Sendable {
    package let format: MetricsFormat
    package private(set) var bytes: [UInt8] = []
    private var family = ""
    /// What follows the family's name in each sample.
    private var suffix = ""

    package init(_ format: MetricsFormat) {
        self.format = format
        bytes.reserveCapacity(1 << 16)
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
        suffix = "_total"
    }

    package mutating func gauge(_ name: String, _ help: String) { begin(name, "gauge", help, shown: name) }

    package mutating func histogram(_ name: String, _ help: String) { begin(name, "histogram", help, shown: name) }

    /// A sum and a count, without quantiles.
    package mutating func summary(_ name: String, _ help: String) { begin(name, "summary", help, shown: name) }

    private mutating func begin(_ name: String, _ type: String, _ help: String, shown: String) {
        family = name
        suffix = ""
        add("# HELP ")
        add(shown)
        add(" ")
        addEscaped(help, quotes: format == .openMetrics)
        add("\n# TYPE ")
        add(shown)
        add(" ")
        add(type)
        add("\n")
    }

    // MARK: Samples

    package typealias Labels = KeyValuePairs<String, String>

    package mutating func sample(_ value: Int, _ labels: Labels = [:]) {
        add(family)
        add(suffix)
        add(labels)
        add(" ")
        add(value)
        add("\n")
    }

    package mutating func sample(_ value: Double, _ labels: Labels = [:]) {
        add(family)
        add(suffix)
        add(labels)
        add(" ")
        add(Self.text(value))
        add("\n")
    }

    /// One of a histogram: cumulative buckets, count and sum, in seconds.
    package mutating func sample(_ durations: DurationCounts, _ labels: Labels) {
        // The beginning of each line is the same: it is made once.
        let start = bytes.count
        add(family)
        add("_bucket{")
        for (name, value) in labels {
            add(name)
            add("=\"")
            addEscaped(value, quotes: true)
            add("\",")
        }
        add("le=\"")
        let beginning = Array(bytes[start...])
        bytes.removeLast(beginning.count)
        var sum = 0
        for (place, count) in durations.buckets.enumerated() {
            sum &+= count
            bytes.append(contentsOf: beginning)
            if place < DurationBuckets.bounded {
                addThousandths(DurationBuckets.milliseconds(of: place))
            } else {
                add("+Inf")
            }
            add("\"} ")
            add(sum)
            add("\n")
        }
        sums(of: durations.nanoseconds, sum, labels)
    }

    /// One of a summary, in seconds.
    package mutating func sample(nanoseconds: Int64, count: Int, _ labels: Labels) {
        sums(of: nanoseconds, count, labels)
    }

    private mutating func sums(of nanoseconds: Int64, _ count: Int, _ labels: Labels) {
        add(family)
        add("_sum")
        add(labels)
        add(" ")
        add(Self.text(Double(nanoseconds) / 1e9))
        add("\n")
        add(family)
        add("_count")
        add(labels)
        add(" ")
        add(count)
        add("\n")
    }

    // MARK: Bytes

    /// As both formats read it: `NaN`, `+Inf`, `-Inf`, else a decimal number.
    static func text(_ value: Double) -> String {
        if value.isNaN { return "NaN" }
        if value.isInfinite { return value < 0 ? "-Inf" : "+Inf" }
        return "\(value)"
    }

    private mutating func add(_ labels: Labels) {
        guard !labels.isEmpty else { return }
        var separator = "{"
        for (name, value) in labels {
            add(separator)
            add(name)
            add("=\"")
            addEscaped(value, quotes: true)
            add("\"")
            separator = ","
        }
        add("}")
    }

    private mutating func add(_ text: String) { bytes.append(contentsOf: text.utf8) }

    private mutating func add(_ value: Int) {
        guard value >= 0 else { return add("\(value)") }
        if value < 10 { return bytes.append(0x30 + UInt8(truncatingIfNeeded: value)) }
        let start = bytes.count
        var rest = value
        while rest > 0 {
            bytes.append(0x30 + UInt8(truncatingIfNeeded: rest % 10))
            rest /= 10
        }
        bytes[start...].reverse()
    }

    /// Milliseconds as seconds.
    private mutating func addThousandths(_ value: Int) {
        add(value / 1000)
        bytes.append(0x2E)
        let fraction = value % 1000
        for digit in [fraction / 100, fraction / 10 % 10, fraction % 10] {
            bytes.append(0x30 + UInt8(truncatingIfNeeded: digit))
        }
    }

    private mutating func addEscaped(_ text: String, quotes: Bool) {
        // Hardly any text needs it.
        let isPlain = text.utf8.allSatisfy { $0 != 0x5C && $0 != 0x0A && ($0 != 0x22 || !quotes) }
        if isPlain { return add(text) }
        for byte in text.utf8 {
            switch byte {
            case 0x5C: add("\\\\")
            case 0x0A: add("\\n")
            case 0x22 where quotes: add("\\\"")
            default: bytes.append(byte)
            }
        }
    }
}
