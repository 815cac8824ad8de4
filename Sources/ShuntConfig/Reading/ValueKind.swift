import ShuntCore

/// What a value may be: how it is read, and how what is allowed is said.
struct ValueKind<Value> {
    /// `true or false`, `a duration such as 250ms, 8s or 30m, from 1s to 1h`.
    var allowed: String
    var parse: (DocumentScalar) -> Parsed<Value>
}

extension ValueKind {
    /// Whether another text in a scalar's place would be allowed.
    func allows(_ text: String, like scalar: DocumentScalar) -> Bool {
        var other = scalar
        other.text = text
        other.shown = text
        if case .value = parse(other) { return true }
        return false
    }
}

/// What became of a text.
enum Parsed<Value> {
    case value(Value)
    /// Not allowed; perhaps with the word that was meant, and with what is wrong in particular.
    case wrong(meant: String? = nil, advice: String? = nil)
}

extension ValueKind where Value == Bool {
    static var boolean: ValueKind {
        ValueKind(allowed: "true or false") { scalar in
            switch scalar.text {
            case "true": .value(true)
            case "false": .value(false)
            case "yes", "on", "Yes", "On", "True", "TRUE", "1": .wrong(meant: "true")
            case "no", "off", "No", "Off", "False", "FALSE", "0": .wrong(meant: "false")
            default: .wrong()
            }
        }
    }
}

extension ValueKind where Value == Int {
    static func integer(_ range: ClosedRange<Int>) -> ValueKind {
        ValueKind(allowed: "a whole number from \(range.lowerBound) to \(range.upperBound)") { scalar in
            guard let number = Digits.number(scalar.text), let value = Int(exactly: number) else { return .wrong() }
            return range.contains(value) ? .value(value) : .wrong()
        }
    }

    /// A number of bytes.
    static func size(_ range: ClosedRange<Int>) -> ValueKind {
        let bounds = "from \(ByteSize.text(range.lowerBound)) to \(ByteSize.text(range.upperBound))"
        return ValueKind(allowed: "a size such as 512, 64KiB or 16MiB, \(bounds)") { scalar in
            switch ByteSize.parse(scalar.text) {
            case .value(let bytes): range.contains(bytes) ? .value(bytes) : .wrong()
            case .wrong(let meant, let advice): .wrong(meant: meant, advice: advice)
            }
        }
    }
}

extension ValueKind where Value == String {
    /// Any text with something in it.
    static func text(_ what: String = "a text") -> ValueKind {
        ValueKind(allowed: what) { scalar in scalar.text.isEmpty ? .wrong() : .value(scalar.text) }
    }

    /// Any text, the empty one too.
    static var anyText: ValueKind { ValueKind(allowed: "a text") { .value($0.text) } }

    /// The path of a JSON member: names with dots between them.
    static var memberPath: ValueKind { member(dots: 15) }

    /// The name of a JSON member, with at most as many dots as given.
    static func member(dots: Int) -> ValueKind {
        let allowed = dots == 0 ? "the name of a member" : "the name of a member, such as id or payload.id"
        return ValueKind(allowed: allowed) { scalar in
            let parts = scalar.text.split(separator: ".", omittingEmptySubsequences: false)
            if dots == 0 { return scalar.text.isEmpty ? .wrong() : .value(scalar.text) }
            return parts.count <= dots + 1 && !parts.contains("") ? .value(scalar.text) : .wrong()
        }
    }
}

extension ValueKind {
    /// What names other things in this file, and so in diagnostics: it stands in the file itself.
    static func literal(_ kind: ValueKind) -> ValueKind {
        ValueKind(allowed: kind.allowed) { scalar in
            scalar.isReference ? .wrong(advice: "it cannot come from the environment") : kind.parse(scalar)
        }
    }

    /// One of some words.
    static func choice(_ choices: KeyValuePairs<String, Value>) -> ValueKind {
        ValueKind(allowed: Excerpt.choices(choices.map(\.key))) { scalar in
            if let choice = choices.first(where: { $0.key == scalar.text }) { return .value(choice.value) }
            return .wrong(meant: NearestWord.to(scalar.text, among: choices.map(\.key)))
        }
    }
}
