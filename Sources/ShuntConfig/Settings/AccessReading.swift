import ShuntCore

extension EndpointAccess {
    /// Reads `validate` and `refuse` of a legacy endpoint.
    mutating func read(_ section: Section) {
        section.set(&isValidated, "validate", .choice(["inherit": true, "none": false]))
        readRefusal(section)
    }

    /// Reads `refuse`: how clients without a good credential are told.
    mutating func readRefusal(_ section: Section) {
        guard let node = section["refuse"] else { return }
        let diagnostics = section.diagnostics
        if node.scalar?.text == "status" {
            refusalCode = nil
            return
        }
        guard node.entries != nil, let refusal = Section(node, diagnostics) else {
            if node.scalar?.isBroken != true {
                diagnostics.error(node, "found \(node.found)", allowed: "status (401 or 403), or {close: 4001}")
            }
            return
        }
        guard let close = refusal["close"] else {
            diagnostics.error(node, "the key close is missing", allowed: "{close: 4001}")
            return
        }
        refusal.finish()
        let kind = ValueKind<CloseCode>(allowed: "a close code: 1008, or one from 4000 to 4999") { scalar in
            guard let number = Digits.number(scalar.text), let code = UInt16(exactly: number),
                code == 1008 || (4000...4999).contains(code)
            else { return .wrong() }
            return .value(CloseCode(rawValue: code))
        }
        if let code = diagnostics.read(close, kind) { refusalCode = code }
    }
}
