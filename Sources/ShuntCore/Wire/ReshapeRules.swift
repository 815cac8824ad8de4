/// Edits on the top-level members of a JSON object, as configured. Applied in the order unwrap, rename, map, default,
/// copy, set, drop, wrap. Rename and copy never overwrite a member that is there. Lists keep the file's order.
package struct ReshapeRules: Sendable, Hashable {
    /// Lifts the members of the object under this key to the top level.
    package var unwrap: String?
    package var rename: [Move] = []
    /// Replaces string values of a member: `map: {type: {response: message}}`.
    package var map: [ValueMap] = []
    /// Adds a member that is absent. The value is JSON text.
    package var defaults: [Assignment] = []
    package var copy: [Move] = []
    /// Sets a member, there or not. The value is JSON text.
    package var set: [Assignment] = []
    package var drop: [String] = []
    /// Puts the whole object under this key.
    package var wrap: String?

    package init() {}

    package var isEmpty: Bool { self == ReshapeRules() }

    /// A move of a value from one member to another.
    package struct Move: Sendable, Hashable {
        package var from: String
        package var to: String
        package init(from: String, to: String) {
            self.from = from
            self.to = to
        }
    }

    package struct ValueMap: Sendable, Hashable {
        package var field: String
        package var values: [Move]
        package init(field: String, values: [Move]) {
            self.field = field
            self.values = values
        }
    }

    package struct Assignment: Sendable, Hashable {
        package var field: String
        /// JSON text of the value, such as `"message"` with its quotes, or `{"a":1}`.
        package var json: String
        package init(field: String, json: String) {
            self.field = field
            self.json = json
        }
    }
}
