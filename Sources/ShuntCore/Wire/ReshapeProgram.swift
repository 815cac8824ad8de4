/// Why rules are no program, in words for whoever wrote them.
package struct ReshapeProblem: Error, Sendable, Hashable {
    package let text: String
    package init(_ text: String) { self.text = text }
}

/// Reshaping rules, compiled for a key set: steps over slots, in the order in which they apply.
package struct ReshapeProgram: Sendable {
    enum Step: Sendable {
        case rename(from: Int, to: Int)
        /// String values of a slot, each with what replaces it (JSON text).
        case map(slot: Int, values: ByteMap, replacements: [[UInt8]])
        case fallback(slot: Int, json: [UInt8], kind: JSONKind)
        case copy(from: Int, to: Int)
        case set(slot: Int, json: [UInt8], kind: JSONKind)
        case drop(slot: Int)
        /// The quoted name of the wrapper.
        case wrap(name: [UInt8])
    }

    let steps: [Step]
    private let unwraps: Bool

    /// A program that changes nothing.
    package init() {
        steps = []
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
                throw ReshapeProblem("unwrap: the keys of this message do not lift '\(unwrap)'")
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

        var steps: [Step] = []
        for move in rules.rename {
            steps.append(.rename(from: try slot(move.from, "rename"), to: try slot(move.to, "rename")))
        }
        for map in rules.map {
            try ReshapeProgram.check(values: map)
            let replacements = map.values.map { move in
                var json: [UInt8] = []
                JSONString.appendQuoted(Array(move.to.utf8), to: &json)
                return json
            }
            steps.append(
                .map(
                    slot: try slot(map.field, "map"), values: ByteMap(map.values.map(\.from)),
                    replacements: replacements))
        }
        for assignment in rules.defaults {
            let (json, kind) = try ReshapeProgram.literal(assignment, "default")
            steps.append(.fallback(slot: try slot(assignment.field, "default"), json: json, kind: kind))
        }
        for move in rules.copy {
            try ReshapeProgram.check(name: move.from, "copy")
            steps.append(.copy(from: try slot(move.from, "copy"), to: try slot(move.to, "copy")))
        }
        for assignment in rules.set {
            let (json, kind) = try ReshapeProgram.literal(assignment, "set")
            steps.append(.set(slot: try slot(assignment.field, "set"), json: json, kind: kind))
        }
        for name in rules.drop { steps.append(.drop(slot: try slot(name, "drop"))) }
        if let wrap = rules.wrap {
            var name: [UInt8] = []
            JSONString.appendQuoted(Array(wrap.utf8), to: &name)
            steps.append(.wrap(name: name))
        }
        self.steps = steps
        unwraps = rules.unwrap != nil

        func slot(_ name: String, _ rule: String) throws(ReshapeProblem) -> Int {
            guard let slot = keys.slot(name) else {
                throw ReshapeProblem("\(rule): '\(name)' is not among the keys of this message")
            }
            return slot
        }
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

    /// The bytes of a literal, and what it is.
    private static func literal(
        _ assignment: ReshapeRules.Assignment, _ rule: String
    ) throws(ReshapeProblem) -> ([UInt8], JSONKind) {
        let json = Array(assignment.json.utf8)
        guard let kind = kind(of: json) else {
            throw ReshapeProblem("\(rule): the value of '\(assignment.field)' is not JSON: \(assignment.json)")
        }
        return (json, kind)
    }

    /// What a JSON text is; nil when it is none.
    static func kind(of json: [UInt8]) -> JSONKind? {
        var probe = Envelope()
        let bytes = Array("{\"v\":".utf8) + json + [UInt8(ascii: "}")]
        let result = probe.scan(bytes.span, for: KeySet(["v"]), nesting: 128, early: false)
        // The text might close the brace itself and open another member: one member only, and it ends with the text.
        guard result == .object, probe.memberCount == 1, let value = probe.value(0) else { return nil }
        return value.kind
    }
}
