import ShuntTesting

/// JSON texts by chance: names from a short list with duplicates and escapes, white space anywhere, all kinds of values.
struct JSONGenerator {
    var random: Dice
    let names: [String]

    mutating func object(_ depth: Int, members: Int) -> String {
        var text = "{" + space()
        let count = random.below(members + 1)
        for index in 0..<count {
            text += name() + space() + ":" + space() + value(depth) + space()
            if index < count - 1 { text += "," + space() }
        }
        return text + "}"
    }

    mutating func name() -> String {
        let name = names[random.below(names.count)]
        return random.chance(1, in: 5) ? escaped(name) : "\"\(name)\""
    }

    /// The name with some letters written as escapes.
    mutating func escaped(_ name: String) -> String {
        var text = ""
        for unit in name.utf16 {
            if unit > 0x7F || random.chance(1, in: 3) {
                let digits = String(unit, radix: 16, uppercase: random.chance(1, in: 2))
                text += "\\u" + String(repeating: "0", count: 4 - digits.count) + digits
            } else {
                text += String(Character(Unicode.Scalar(UInt8(unit))))
            }
        }
        return "\"\(text)\""
    }

    mutating func value(_ depth: Int) -> String {
        switch random.below(depth > 0 ? 9 : 7) {
        case 0: return ["true", "false", "null"][random.below(3)]
        case 1: return ["0", "-0", "1", "-17", "3.25", "1e9", "2.5E-3", "10000000000000000000000"][random.below(8)]
        case 2: return "\"" + String(repeating: "long text, ", count: random.below(12)) + "\""
        case 3: return ["\"\"", "\"a\"", "\"b\"", "\"\\u0061\"", "\"x\\\\\"", "\"\\\"\"", "\"€😀\""][random.below(7)]
        case 4: return ["\"\\ud83d\\ude00\"", "\"\\ud800\"", "\"}\"", "\"{\\\"a\\\":1}\"", "\",\""][random.below(5)]
        case 5: return "[]"
        case 6: return "{" + space() + "}"
        case 7:
            let values = (0..<random.below(4)).map { _ in value(depth - 1) }
            return "[" + values.joined(separator: space() + "," + space()) + "]"
        default: return object(depth - 1, members: 4)
        }
    }

    mutating func space() -> String {
        random.chance(3, in: 4) ? "" : [" ", "\n", "\t", "\r\n", "   "][random.below(5)]
    }
}
