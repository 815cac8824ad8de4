import ShuntCore

extension ReshapeRules {
    /// Reads `to_unified:` or `request:`.
    mutating func read(_ section: Section) {
        if let node = section["unwrap"] { unwrap = section.diagnostics.read(node, .member(dots: 0)) }
        if let node = section["rename"] { rename = Self.moves(node, section.diagnostics) }
        if let node = section["map"], let fields = Section(node, section.diagnostics)?.node.entries {
            map = fields.map { entry in
                ValueMap(field: entry.key, values: Self.moves(entry.value, section.diagnostics))
            }
        }
        if let node = section["default"] { defaults = Self.assignments(node, section.diagnostics) }
        if let node = section["copy"] { copy = Self.moves(node, section.diagnostics) }
        if let node = section["set"] { set = Self.assignments(node, section.diagnostics) }
        section.setList(&drop, "drop", .member(dots: 0), count: 0...1000)
        if let node = section["wrap"] { wrap = section.diagnostics.read(node, .member(dots: 0)) }
        section.finish()
        warn(section)
    }

    private static func moves(_ node: DocumentNode, _ diagnostics: DiagnosticList) -> [Move] {
        guard let entries = Section(node, diagnostics)?.node.entries else { return [] }
        return entries.compactMap { entry in
            diagnostics.read(entry.value, .text()).map { Move(from: entry.key, to: $0) }
        }
    }

    private static func assignments(_ node: DocumentNode, _ diagnostics: DiagnosticList) -> [Assignment] {
        guard let entries = Section(node, diagnostics)?.node.entries else { return [] }
        return entries.compactMap { entry in
            // What could not be resolved was told of.
            entry.value.scalar?.isBroken == true ? nil : Assignment(field: entry.key, json: JSONText.of(entry.value))
        }
    }

    private func warn(_ section: Section) {
        let diagnostics = section.diagnostics
        for assignment in set + defaults where drop.contains(assignment.field) {
            diagnostics.warning(
                section["drop"] ?? section.node, "\(Excerpt.quoted(assignment.field)) is set and then dropped",
                advice: "rules apply in the order unwrap, rename, map, default, copy, set, drop, wrap")
        }
        for move in rename + copy where move.from == move.to {
            diagnostics.error(section.node, "\(Excerpt.quoted(move.from)) cannot become itself")
        }
    }
}
