/// Why rules are no program, in words for whoever wrote them.
package struct ReshapeProblem: Error, Sendable, Hashable {
    package let text: String
    package init(_ text: String) { self.text = text }
}

/// Reshaping rules, compiled for a key set: steps over slots, in the order in which they apply.
package struct ReshapeProgram: Sendable {
    /// A step, plain so that running it touches no reference count.
    struct Step: Sendable {
        enum Action: UInt8, Sendable { case rename, map, fallback, copy, set, drop, wrap }
        var action: Action
        var slot = 0
        /// The other slot, or which of `maps`.
        var to = 0
        /// A range of `literals`; for a map, `start` is its first place in `replacements`.
        var start = 0
        var end = 0
    }

    private(set) var steps: [Step] = []
    /// All JSON texts, one behind the other.
    private(set) var literals: [UInt8] = []
    private(set) var maps: [ByteMap] = []
    /// The places in `literals` of the texts that maps put in place of their keys.
    private(set) var replacements: [Range<Int>] = []
    private let unwraps: Bool

    /// A program that changes nothing.
    package init() {
        unwraps = false
    }

    /// Whether it changes nothing.
    package var isEmpty: Bool { steps.isEmpty && !unwraps }

    /// The members that the rules speak of, for the `KeySet` (whose `unwrap` must be the rules').
    package static func paths(of rules: ReshapeRules) -> [String] {
        var paths: [String] = []
        for move in rules.rename + rules.copy { paths += [move.from, move.to] }
        paths += rules.map.map(\.field)
        paths += (rules.defaults + rules.set).map(\.field)
        paths += rules.drop
        var known: Set<String> = []
        return paths.filter { known.insert($0).inserted }
    }

    /// Compiles rules.
    ///
    /// - Throws: when a name is empty or dotted, stands twice where only one can be meant, a value is no JSON text, a
    ///   name is not in `keys`, or `keys` does not lift what the rules unwrap.
    package init(_ rules: ReshapeRules, keys: KeySet) throws(ReshapeProblem) {
        if let unwrap = rules.unwrap {
            try ReshapeProgram.check(name: unwrap, "unwrap")
            if keys.unwrap != unwrap {
                throw ReshapeProblem("unwrap: messages of this kind are not unwrapped, and so '\(unwrap)' cannot be")
            }
        }
        if let wrap = rules.wrap { try ReshapeProgram.check(name: wrap, "wrap") }
        try ReshapeProgram.check(rules.rename.map(\.from), "rename")
        try ReshapeProgram.check(rules.rename.map(\.to), "rename (new name)")
        try ReshapeProgram.check(rules.map.map(\.field), "map")
        try ReshapeProgram.check(rules.defaults.map(\.field), "default")
        try ReshapeProgram.check(rules.copy.map(\.to), "copy (new name)")
        try ReshapeProgram.check(rules.set.map(\.field), "set")
        try ReshapeProgram.check(rules.drop, "drop")

        unwraps = rules.unwrap != nil
        func slot(_ name: String, _ rule: String) throws(ReshapeProblem) -> Int {
            guard let slot = keys.slot(name) else {
                throw ReshapeProblem("\(rule): '\(name)' is not among the keys of this message")
            }
            return slot
        }
        for move in rules.rename {
            let from = try slot(move.from, "rename")
            steps.append(Step(action: .rename, slot: from, to: try slot(move.to, "rename")))
        }
        for map in rules.map {
            try ReshapeProgram.check(values: map)
            let field = try slot(map.field, "map")
            steps.append(Step(action: .map, slot: field, to: maps.count, start: replacements.count))
            maps.append(ByteMap(map.values.map(\.from)))
            for move in map.values { replacements.append(keep(quoted: move.to)) }
        }
        for assignment in rules.defaults {
            let range = keep(try ReshapeProgram.literal(assignment, "default"))
            let field = try slot(assignment.field, "default")
            steps.append(Step(action: .fallback, slot: field, start: range.lowerBound, end: range.upperBound))
        }
        for move in rules.copy {
            try ReshapeProgram.check(name: move.from, "copy")
            let from = try slot(move.from, "copy")
            steps.append(Step(action: .copy, slot: from, to: try slot(move.to, "copy")))
        }
        for assignment in rules.set {
            let range = keep(try ReshapeProgram.literal(assignment, "set"))
            let field = try slot(assignment.field, "set")
            steps.append(Step(action: .set, slot: field, start: range.lowerBound, end: range.upperBound))
        }
        for name in rules.drop { steps.append(Step(action: .drop, slot: try slot(name, "drop"))) }
        if let wrap = rules.wrap {
            let range = keep(quoted: wrap)
            steps.append(Step(action: .wrap, start: range.lowerBound, end: range.upperBound))
        }
    }

    private mutating func keep(_ json: [UInt8]) -> Range<Int> {
        let start = literals.count
        literals += json
        return start..<literals.count
    }

    private mutating func keep(quoted text: String) -> Range<Int> {
        let start = literals.count
        JSONString.appendQuoted(Array(text.utf8), to: &literals)
        return start..<literals.count
    }

    // MARK: Checks

    private static func check(name: String, _ rule: String) throws(ReshapeProblem) {
        if name.isEmpty { throw ReshapeProblem("\(rule): a member's name is empty") }
        if name.contains(".") {
            throw ReshapeProblem("\(rule): '\(name)' has a dot, but rules act on members of the top level only")
        }
    }

    private static func check(_ names: [String], _ rule: String) throws(ReshapeProblem) {
        var known: Set<String> = []
        for name in names {
            try check(name: name, rule)
            if !known.insert(name).inserted { throw ReshapeProblem("\(rule): '\(name)' stands there twice") }
        }
    }

    private static func check(values map: ReshapeRules.ValueMap) throws(ReshapeProblem) {
        var known: Set<String> = []
        for move in map.values where !known.insert(move.from).inserted {
            throw ReshapeProblem("map: '\(map.field)' maps '\(move.from)' twice")
        }
    }

    /// The bytes of a literal, without white space around it.
    private static func literal(
        _ assignment: ReshapeRules.Assignment, _ rule: String
    ) throws(ReshapeProblem) -> [UInt8] {
        let json = Array(assignment.json.utf8)
        guard let value = value(of: json) else {
            throw ReshapeProblem("\(rule): the value of '\(assignment.field)' is not JSON: \(assignment.json)")
        }
        return Array(json[value])
    }

    /// The place of the one value of a JSON text; nil when it is none.
    private static func value(of json: [UInt8]) -> Range<Int>? {
        var probe = Envelope()
        let before = Array("{\"v\":".utf8)
        let bytes = before + json + [UInt8(ascii: "}")]
        let result = probe.scan(bytes.span, for: KeySet(["v"]), nesting: 128, early: false)
        // The text might add another member: one member only.
        guard result == .object, probe.memberCount == 1, let value = probe.value(0) else { return nil }
        return value.start - before.count..<value.end - before.count
    }
}
