import ShuntCore

extension DiagnosticList {
    /// Reads `compression`: `off`, or `{level, min_bytes, context_takeover, window_bits, max_connections}`.
    ///
    /// - Parameter inherited: is laid under it.
    /// - Returns: nil for none: nothing is set, or it is `off`.
    func readCompression(_ own: DocumentNode?, over inherited: DocumentNode?) -> CompressionSettings? {
        func isOff(_ node: DocumentNode) -> Bool {
            node.isNull || node.scalar?.text == "off" || node.scalar?.text == "false"
        }
        if let own, isOff(own) { return nil }
        var node = inherited
        if let own { node = inherited.map { isOff($0) ? own : $0.merged(with: own) } ?? own }
        guard let node, !isOff(node) else { return nil }
        guard node.entries != nil, let section = Section(node, self) else {
            if node.scalar?.isBroken != true {
                error(node, "found \(node.found)", allowed: "{level: 1, min_bytes: 256} or off")
            }
            return nil
        }
        var settings = CompressionSettings()
        section.set(&settings.level, "level", .integer(1...9))
        section.set(&settings.minBytes, "min_bytes", .size(1...1 << 30))
        section.set(&settings.contextTakeover, "context_takeover", .boolean)
        section.set(&settings.windowBits, "window_bits", .integer(9...15))
        section.set(&settings.maxConnections, "max_connections", .integer(1...10_000_000))
        section.finish()
        return settings
    }
}
