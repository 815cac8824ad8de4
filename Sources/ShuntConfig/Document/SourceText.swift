/// The text of a configuration file: bounded, valid UTF-8, printable.
struct SourceText {
    /// Without a byte order mark; one entry for each column.
    var scalars: [Unicode.Scalar]
    /// Where each line begins in `scalars`.
    private(set) var lineStarts: [Int]

    /// Some 10,000 routes that are written out one by one; more than this is another file, or an attack.
    static let largest = 4 << 20

    /// Checks bytes; nil when they are no text, with the reason in `diagnostics`.
    init?(_ bytes: some Collection<UInt8>, diagnostics: DiagnosticList) {
        guard bytes.count <= Self.largest else {
            diagnostics.error(
                at: .start, "the file is larger than \(ByteSize.text(Self.largest))",
                advice: "templates such as liaison/{pillar} keep a large table of routes short")
            return nil
        }
        let mark = Array(bytes.prefix(2))
        guard mark != [0xFF, 0xFE], mark != [0xFE, 0xFF] else {
            diagnostics.error(at: .start, "the file is UTF-16", advice: "save it as UTF-8")
            return nil
        }
        scalars = []
        scalars.reserveCapacity(bytes.count)
        lineStarts = [0]
        var parser = Unicode.UTF8.ForwardParser()
        var iterator = bytes.makeIterator()
        reading: while true {
            switch parser.parseScalar(from: &iterator) {
            case .valid(let encoded):
                let scalar = Unicode.UTF8.decode(encoded)
                if scalars.isEmpty, scalar == "\u{FEFF}" { continue }
                guard Self.isPrintable(scalar) else {
                    let name = scalar == "\0" ? "a NUL byte" : "the character U+\(Self.hexadecimal(scalar))"
                    diagnostics.error(
                        at: end, "\(name) does not belong in a configuration file",
                        advice: "is it really a text file?")
                    return nil
                }
                append(scalar)
            case .error:
                diagnostics.error(at: end, "the file is not valid UTF-8 from here on", advice: "save it as UTF-8")
                return nil
            case .emptyInput:
                break reading
            }
        }
    }

    private mutating func append(_ scalar: Unicode.Scalar) {
        let afterReturn = scalars.last == "\r"
        scalars.append(scalar)
        switch scalar {
        // A line feed after a carriage return belongs to the same break.
        case "\n" where afterReturn: lineStarts[lineStarts.count - 1] = scalars.count
        case "\n", "\r", "\u{85}", "\u{2028}", "\u{2029}": lineStarts.append(scalars.count)
        default: break
        }
    }

    /// The position after the last scalar.
    var end: SourcePosition {
        SourcePosition(line: lineStarts.count, column: scalars.count - (lineStarts.last ?? 0) + 1)
    }

    /// The index of a position, nil when the text has no such place.
    func index(of position: SourcePosition) -> Int? {
        guard position.line >= 1, position.line <= lineStarts.count, position.column >= 1 else { return nil }
        let index = lineStarts[position.line - 1] + position.column - 1
        return index < scalars.count ? index : nil
    }

    /// A line without its break; empty when there is no such line.
    func line(_ number: Int) -> String {
        guard number >= 1, number <= lineStarts.count else { return "" }
        let end = number < lineStarts.count ? lineStarts[number] : scalars.count
        var text = String.UnicodeScalarView()
        text.append(contentsOf: scalars[lineStarts[number - 1]..<end])
        return String(text).filter { !$0.isNewline }
    }

    /// The character set of YAML 1.2 §5.1, less the byte order mark.
    private static func isPrintable(_ scalar: Unicode.Scalar) -> Bool {
        switch scalar.value {
        case 0x09, 0x0A, 0x0D, 0x20...0x7E, 0x85, 0xA0...0xD7FF, 0xE000...0xFEFE, 0xFF00...0xFFFD, 0x10000...0x10FFFF:
            true
        default: false
        }
    }

    private static func hexadecimal(_ scalar: Unicode.Scalar) -> String {
        let digits = String(scalar.value, radix: 16, uppercase: true)
        return String(repeating: "0", count: max(0, 4 - digits.count)) + digits
    }
}
