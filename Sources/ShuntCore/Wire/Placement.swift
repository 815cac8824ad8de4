/// A value to be written at a place of a `Placement`.
package enum PlacedValue: Sendable {
    /// The present value stays.
    case kept
    /// The member goes, if it is there.
    case dropped
    case json([UInt8])
}

/// Members of dotted paths that are written into messages, compiled for a key set: the objects on the way to them as a
/// tree. A member that is there is replaced where it stands; one that is not begins the innermost object on its way
/// that is there, with what is missing in between.
package struct Placement: Sendable {
    struct Node: Sendable {
        /// Quoted name and colon.
        let label: [UInt8]
        let slot: Int
        /// Which of the values is written there; -1 for an object on the way.
        let value: Int
        let children: [Node]
    }

    let roots: [Node]

    /// - Parameters:
    ///   - members: the paths, each with the place of its value in the list that `Reshaper.place` is given. Those without
    ///     a dot are left out.
    ///   - keys: has all the paths and all of `parents(of:)`.
    /// - Returns: nil where no path has a dot.
    init?(_ members: [(path: String, value: Int)], keys: KeySet) {
        let split = members.filter { $0.path.contains(".") }.map { (names: $0.path.names[...], value: $0.value) }
        if split.isEmpty { return nil }
        roots = Self.nodes(split, below: "", keys)
    }

    /// The objects on the way to members of dotted paths, outermost first.
    static func parents(of paths: [String]) -> [String] {
        var parents: [String] = []
        for path in paths {
            let names = path.names
            for count in 1..<max(1, names.count) { parents.append(names[..<count].joined(separator: ".")) }
        }
        return parents
    }

    private static func nodes(
        _ members: [(names: ArraySlice<String>, value: Int)], below parent: String, _ keys: KeySet
    ) -> [Node] {
        var nodes: [Node] = []
        var known: Set<String> = []
        for name in members.compactMap(\.names.first) where known.insert(name).inserted {
            let path = parent.isEmpty ? name : parent + "." + name
            let inner = members.filter { $0.names.first == name }
            // A path that is both a member and an object can be no object any more.
            let leaf = inner.first { $0.names.count == 1 }
            var label: [UInt8] = []
            JSONString.appendQuoted(Array(name.utf8), to: &label)
            label.append(UInt8(ascii: ":"))
            nodes.append(
                Node(
                    label: label, slot: keys.slot(path) ?? -1, value: leaf?.value ?? -1,
                    children: leaf == nil
                        ? Self.nodes(inner.map { ($0.names.dropFirst(), $0.value) }, below: path, keys) : []))
        }
        return nodes
    }
}

extension String {
    /// The names of a path.
    var names: [String] { split(separator: ".", omittingEmptySubsequences: false).map(String.init) }
}

extension Reshaper {
    /// Writes members of dotted paths into the message.
    ///
    /// An object that rules made or moved, or that is a wrapper by now, is left alone.
    ///
    /// - Parameter replacing: what is no object and stands in the way gives way; else it stays, and nothing is written.
    package mutating func place(
        _ placement: borrowing Placement, _ values: [PlacedValue], replacing: Bool, _ bytes: Span<UInt8>
    ) {
        for root in placement.roots where !isWrapper(root) {
            let missing = enter(root, values, replacing, bytes)
            if !missing.isEmpty { set(root.slot, json: Array(missing[root.label.count...])) }
        }
    }

    /// Writes into an object what belongs there. Returns the whole member where it is missing, to be written by the caller.
    private mutating func enter(
        _ node: Placement.Node, _ values: [PlacedValue], _ replacing: Bool, _ bytes: Span<UInt8>
    ) -> [UInt8] {
        let there = held(node.slot)
        if there.value.origin == .absent { return Self.whole(node, values) }
        guard there.value.value.kind == .object else {
            if replacing || there.value.value.kind == .null {
                let made = Self.whole(node, values)
                if !made.isEmpty { set(node.slot, json: Array(made[node.label.count...])) }
            }
            return []
        }
        guard there.value.origin == .message, there.flags.isDisjoint(with: [.cut, .gains]) else { return [] }
        var inner: [UInt8] = []
        for child in node.children {
            var member: [UInt8] = []
            if child.value < 0 {
                member = enter(child, values, replacing, bytes)
            } else if values.indices.contains(child.value) {
                switch values[child.value] {
                case .kept: continue
                case .dropped: drop(child.slot)
                case .json(let json):
                    keepLast(child.slot)
                    if isPresent(child.slot) {
                        set(child.slot, json: json)
                    } else {
                        // An earlier duplicate of the object may have it.
                        drop(child.slot)
                        member = child.label + json
                    }
                }
            }
            if !member.isEmpty { inner += member + [UInt8(ascii: ",")] }
        }
        if !inner.isEmpty {
            let start = there.value.value.start
            let isEmpty = bytes.byte(at: JSONScanner.skipSpace(bytes, start &+ 1)) == UInt8(ascii: "}")
            open(node.slot, inner, isEmpty: isEmpty)
        }
        return []
    }

    /// An object with all that belongs there, behind its name; nothing where nothing belongs there.
    private static func whole(_ node: Placement.Node, _ values: [PlacedValue]) -> [UInt8] {
        var inner: [UInt8] = []
        for child in node.children {
            var member: [UInt8] = []
            if child.value < 0 {
                member = whole(child, values)
            } else if values.indices.contains(child.value), case .json(let json) = values[child.value] {
                member = child.label + json
            }
            if !member.isEmpty { inner += (inner.isEmpty ? [] : [UInt8(ascii: ",")]) + member }
        }
        return inner.isEmpty ? [] : node.label + [UInt8(ascii: "{")] + inner + [UInt8(ascii: "}")]
    }

    /// Whether a member of this name holds the whole message by now.
    private func isWrapper(_ node: Placement.Node) -> Bool {
        wrappers.contains { wrapper in
            let (start, end) = (wrapper.value.start, wrapper.value.end)
            return end - start + 1 == node.label.count && text[start..<end].elementsEqual(node.label.dropLast())
        }
    }
}
