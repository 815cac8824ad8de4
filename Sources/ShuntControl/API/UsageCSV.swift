/// Rows of the ledger as comma-separated values (RFC 4180): CRLF, a header line, quotes doubled.
package enum UsageCSV {
    /// Dimensions that were not asked for have no column.
    package static func text(_ answer: UsageAnswer) -> String {
        let names = (answer.by.contains("day") ? ["day"] : []) + ["endpoint"] + answer.by.filter { $0 != "day" }
        var lines = [names + numbers + ["first_seen", "last_seen"]]
        for row in answer.rows {
            let values: [String: String?] = [
                "day": row.day, "endpoint": row.endpoint, "route": row.route, "app": row.app, "version": row.version,
                "tenant": row.tenant, "origin": row.origin,
            ]
            let counts = [
                row.sockets, row.messages, row.replies, row.bytesIn, row.bytesOut, row.errors, row.sessions,
            ]
            lines.append(
                names.map { cell(values[$0].flatMap(\.self) ?? "") } + counts.map(String.init)
                    + [row.firstSeen ?? "", row.lastSeen ?? ""])
        }
        return lines.map { $0.joined(separator: ",") + "\r\n" }.joined()
    }

    private static let numbers = ["sockets", "messages", "replies", "bytes_in", "bytes_out", "errors", "sessions"]

    /// A text as a cell. What a spreadsheet would take for a formula gets an apostrophe in front, which makes it text
    /// there; so does one of those signs behind blanks, and behind what other countries part cells with.
    static func cell(_ original: String) -> String {
        var text = ""
        var blanks = ""
        var isFirst = true
        for scalar in original.unicodeScalars {
            if isFirst, scalar == " " {
                blanks.unicodeScalars.append(scalar)
                continue
            }
            if isFirst, isFormula(scalar) { text += "'" }
            text += blanks
            blanks = ""
            text.unicodeScalars.append(scalar)
            isFirst = scalar == ";" || scalar == "\t"
        }
        text += blanks
        guard text.unicodeScalars.contains(where: { [",", "\"", "\r", "\n"].contains($0) }) else { return text }
        return "\"" + text.replacing("\"", with: "\"\"") + "\""
    }

    /// The wide forms of the signs too, which some programs read alike.
    private static func isFormula(_ scalar: Unicode.Scalar) -> Bool {
        ["=", "+", "-", "@", "\t", "\r", "\n", "＝", "＋", "－", "＠"].contains(scalar)
    }
}
