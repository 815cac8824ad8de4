/// `512`, `64KiB`, `16MiB`, `2GiB`: bytes, by powers of 1024.
enum ByteSize {
    private static let units: [(name: String, bytes: Int)] = [
        ("", 1), ("B", 1), ("KiB", 1 << 10), ("MiB", 1 << 20), ("GiB", 1 << 30), ("TiB", 1 << 40),
    ]

    private static let aliases = [
        "k": "KiB", "kb": "KiB", "ki": "KiB", "kib": "KiB", "m": "MiB", "mb": "MiB", "mi": "MiB", "mib": "MiB",
        "g": "GiB", "gb": "GiB", "gi": "GiB", "gib": "GiB", "t": "TiB", "tb": "TiB", "ti": "TiB", "tib": "TiB",
        "b": "B", "byte": "B", "bytes": "B",
    ]

    static func parse(_ text: String) -> Parsed<Int> {
        let (digits, unit) = Digits.split(text)
        guard !digits.isEmpty else { return .wrong() }
        guard let number = Digits.number(digits), let count = Int(exactly: number) else {
            return .wrong(advice: "the number is too large")
        }
        guard let bytes = units.first(where: { $0.name == unit })?.bytes else {
            return .wrong(meant: aliases[unit.lowercased()].map { digits + $0 })
        }
        let (product, overflow) = count.multipliedReportingOverflow(by: bytes)
        return overflow ? .wrong(advice: "the number is too large") : .value(product)
    }

    /// The size in the largest unit that leaves no rest.
    static func text(_ bytes: Int) -> String {
        if bytes == 0 { return "0" }
        for unit in units.reversed() where unit.bytes > 1 && bytes % unit.bytes == 0 {
            return "\(bytes / unit.bytes)\(unit.name)"
        }
        return "\(bytes)"
    }
}
