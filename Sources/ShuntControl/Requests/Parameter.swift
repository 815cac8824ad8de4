import ShuntCore

/// A parameter that an operation takes in its query.
package struct Parameter: Sendable {
    package enum Kind: Sendable {
        case number(ClosedRange<Int64>, unlessGiven: Int64?)
        case word([String])
        /// Words of a list, separated by commas, each once.
        case words([String])
        /// Text of at most so many bytes, as `pattern` (ECMA-262, anchored) has it. The operation reads it.
        case text(longest: Int, pattern: String)
    }

    package var name: String
    package var kind: Kind
    package var summary: String

    package init(_ name: String, _ kind: Kind, _ summary: String) {
        self.name = name
        self.kind = kind
        self.summary = summary
    }

    /// Reads a query. A parameter that nobody asked for is a mistake that is better named than passed over.
    ///
    /// - Parameter query: without its question mark, percent-encoded.
    static func values(of query: String, _ known: [Parameter]) throws(Problem) -> [String: ParameterValue] {
        var values: [String: ParameterValue] = [:]
        for parameter in known {
            if case .number(_, let value?) = parameter.kind { values[parameter.name] = .number(value) }
        }
        var seen: Set<String> = []
        for pair in query.split(separator: "&") {
            let parts = pair.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false)
            let texts = parts.map { PercentCoding.decoded($0, plusIsSpace: true) ?? "" }
            let name = texts.first ?? ""
            guard let parameter = known.first(where: { $0.name == name }) else {
                throw unknown(name, known.map(\.name))
            }
            guard seen.insert(name).inserted else {
                throw Problem(.badParameter, "the parameter `\(name)` is given twice")
            }
            values[name] = try parameter.value(texts.count > 1 ? texts[1] : "")
        }
        return values
    }

    private func value(_ text: String) throws(Problem) -> ParameterValue {
        switch kind {
        case .number(let range, _):
            if let number = Int64(text), range.contains(number) { return .number(number) }
            var problem = Problem(.badParameter, "`\(name)` must be a whole number in \(range.words)")
            problem.allowed = [range.words]
            throw problem
        case .word(let words):
            if words.contains(text) { return .word(text) }
            throw Problem.notAllowed(name, text, words, code: .badParameter)
        case .words(let words):
            let chosen = text.split(separator: ",").map(String.init)
            if let wrong = chosen.first(where: { !words.contains($0) }) {
                throw Problem.notAllowed(name, wrong, words, code: .badParameter)
            }
            return .words(chosen)
        case .text(let longest, _):
            if text.utf8.count <= longest { return .word(text) }
            throw Problem(.badParameter, "`\(name)` may have \(longest) bytes at most")
        }
    }

    private static func unknown(_ name: String, _ known: [String]) -> Problem {
        var problem = Problem(.badParameter, "there is no parameter `\(PlainText.cleaned(name, longest: 64))` here")
        problem.allowed = known
        problem.meant = NearestWord.to(name, among: known)
        return problem
    }
}

extension ClosedRange<Int64> {
    fileprivate var words: String { upperBound == .max ? "\(lowerBound) and up" : "\(lowerBound) to \(upperBound)" }
}

extension Problem {
    /// A value that is none of those that are allowed.
    static func notAllowed(_ name: String, _ value: String, _ allowed: [String], code: ProblemCode) -> Problem {
        let meant = NearestWord.to(value, among: allowed)
        let shown = PlainText.cleaned(value, longest: 64)
        var problem = Problem(code, "`\(name)` is `\(shown)`, but must be one of \(allowed.joined(separator: ", "))")
        if let meant { problem.detail += "; `\(meant)` was meant?" }
        problem.allowed = allowed
        problem.meant = meant
        return problem
    }
}
