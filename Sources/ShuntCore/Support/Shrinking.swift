extension Dictionary {
    /// Moves the entries to no more memory than they need, where many more were there once: removing gives nothing back.
    package mutating func shrink() {
        guard capacity > 64, count <= capacity / 4 else { return }
        self = filter { _ in true }
    }
}
