package import HTTPTypes
import ShuntCore

/// Why a request is not done. Every error of the API is one of these.
package struct Problem: Error, Sendable {
    package var code: ProblemCode
    /// For people: what is wrong in this case and what to do. Never with a token in it.
    package var detail: String
    package var errors: [String]?
    package var allowed: [String]?
    package var meant: String?
    package var revision: Int64?
    /// That HTTP wants beside the body: `Allow`, `WWW-Authenticate`, `Retry-After`.
    package var fields: HTTPFields = [:]

    package init(_ code: ProblemCode, _ detail: String) {
        self.code = code
        self.detail = detail
    }

    package var answer: ProblemAnswer {
        ProblemAnswer(
            type: code.type, title: code.title, status: code.status, detail: detail, code: code.rawValue,
            errors: errors, allowed: allowed, meant: meant, revision: revision)
    }
}

extension Problem {
    /// The one table from what the proxy says to what the API says.
    init(_ problem: ControlProblem) {
        switch problem {
        case .unknownRoute(let name, let meant):
            self.init(.unknownRoute, "there is no route `\(name)`" + (meant.map { "; `\($0)` was meant?" } ?? ""))
            self.meant = meant
        case .conflict(let seen, let now):
            self.init(
                .conflict, "something was changed since revision \(seen) (now \(now)): read it again, then decide")
            revision = now
        case .notPossible(let text):
            self.init(.notPossible, text)
        case .badFile(let errors):
            self.init(.badFile, "nothing was changed: the file has \(errors.count == 1 ? "an error" : "errors")")
            self.errors = errors
        case .busy:
            self.init(.busy, "another reload is under way: try again when it is done")
            fields[.retryAfter] = "1"
        case .store(let text):
            self.init(.storeUnavailable, "nothing was changed: \(text)")
        case .stopping:
            self.init(.stopping, "the proxy is stopping and changes nothing any more")
        }
    }
}
