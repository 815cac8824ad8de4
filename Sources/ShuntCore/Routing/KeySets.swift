/// The key sets of one table. Upstreams that ask for the same members share one: what is remembered of a key set's messages is
/// then remembered of all of theirs.
package struct KeySets {
    private struct Shape: Hashable {
        let paths: [String]
        let unwrap: String?
    }

    /// That of clients' messages.
    let request: KeySet
    private var made: [Shape: KeySet] = [:]

    init(request: KeySet) { self.request = request }

    /// The key set of these paths, as `KeySet.init` has it.
    mutating func keys(_ paths: [String], unwrap: String? = nil) -> KeySet {
        let shape = Shape(paths: paths, unwrap: unwrap)
        if let known = made[shape] { return known }
        let keys = KeySet(paths, unwrap: unwrap)
        made[shape] = keys
        return keys
    }
}
