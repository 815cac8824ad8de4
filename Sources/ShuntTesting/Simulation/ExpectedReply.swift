import ShuntCore

/// What reshaping rules make of a reply, worked out by plain list operations.
enum ExpectedReply {
    static func reshaped(_ original: [JSONMember], by rules: ReshapeRules) -> [JSONMember] {
        var members = original
        if let key = rules.unwrap, let index = members.firstIndex(where: { $0.key == key }),
            let inner = JSONReader.members(of: members[index].value)
        {
            members.replaceSubrange(index...index, with: inner)
        }
        for move in rules.rename where !has(move.to, members) {
            for index in members.indices where members[index].key == move.from {
                members[index] = JSONMember(key: move.to, value: members[index].value)
            }
        }
        for map in rules.map {
            for index in members.indices where members[index].key == map.field {
                let text = JSONReader.string(of: members[index].value)
                if let value = map.values.first(where: { $0.from == text })?.to {
                    members[index] = JSONMember(key: map.field, value: Array(JSONWriter.quoted(value).utf8))
                }
            }
        }
        for assignment in rules.defaults where !has(assignment.field, members) {
            members.append(JSONMember(key: assignment.field, value: Array(assignment.json.utf8)))
        }
        for move in rules.copy where !has(move.to, members) {
            if let value = members.last(where: { $0.key == move.from })?.value {
                members.append(JSONMember(key: move.to, value: value))
            }
        }
        for assignment in rules.set {
            members.removeAll { $0.key == assignment.field }
            members.append(JSONMember(key: assignment.field, value: Array(assignment.json.utf8)))
        }
        members.removeAll { rules.drop.contains($0.key) }
        return members
    }

    private static func has(_ key: String, _ members: [JSONMember]) -> Bool { members.contains { $0.key == key } }

    /// What differs between two objects whose members may stand in any order; nil when nothing does. Members under
    /// `ignored` keys are left out.
    static func difference(_ expected: [JSONMember], _ found: [JSONMember], ignoring ignored: [String]) -> String? {
        var rest = found.filter { !ignored.contains($0.key) }
        for member in expected where !ignored.contains(member.key) {
            guard let index = rest.firstIndex(of: member) else {
                let value = rest.first { $0.key == member.key }.map { String(decoding: $0.value, as: UTF8.self) }
                return "member \(member.key) should be \(String(decoding: member.value, as: UTF8.self)), is "
                    + (value ?? "missing")
            }
            rest.remove(at: index)
        }
        return rest.first.map { "member \($0.key) should not be there" }
    }
}
