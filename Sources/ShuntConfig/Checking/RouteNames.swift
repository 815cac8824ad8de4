/// The names of routes in a sentence.
enum RouteNames {
    /// `a`, `a, b and c`, `a, b, c and 7 more`.
    static func text(_ names: [String]) -> String {
        guard names.count > 1, let last = names.last else { return names.first ?? "" }
        if names.count <= 5 { return names.dropLast().joined(separator: ", ") + " and " + last }
        return names.prefix(3).joined(separator: ", ") + " and \(names.count - 3) more"
    }
}
