package import HTTPTypes

/// What somebody must be allowed to do.
package enum Access: Sendable, Hashable {
    /// Nothing: health checks. Neither host nor token is looked at.
    case open
    case read
    case write
}

/// One thing that can be asked of the admin listener. The responder goes by it, and the OpenAPI document is made of it.
package struct AdminOperation: Sendable {
    /// Where it is.
    package enum Path: Sendable, Hashable {
        case fixed(String)
        /// Of one route: `/api/v1/routes/{name}`, then what follows the name. The slashes of a name may be
        /// percent-encoded or not; a name that ends in such a word must be encoded.
        case route(String?)
    }

    /// Of the document's operation: one word in camel case.
    package var id: String
    package var method: HTTPRequest.Method
    package var path: Path
    package var access: Access
    /// One sentence.
    package var summary: String
    package var parameters: [Parameter] = []
    package var body: BodyShape?
    /// The schema of its answer; nil: not in the document.
    package var answer: String?
    /// The media types of an answer that is plain text; with these it is in the document without a schema.
    package var texts: [String] = []
    /// Kinds of problems of its own, beside those of all operations with its access.
    package var problems: [ProblemCode] = []
    package var run: @Sendable (Call) async throws(Problem) -> Answer

    package init(
        _ id: String, _ method: HTTPRequest.Method, _ path: Path, access: Access, _ summary: String,
        parameters: [Parameter] = [], body: BodyShape? = nil, answer: String?, texts: [String] = [],
        problems: [ProblemCode] = [],
        run: @escaping @Sendable (Call) async throws(Problem) -> Answer
    ) {
        self.id = id
        self.method = method
        self.path = path
        self.access = access
        self.summary = summary
        self.parameters = parameters
        self.body = body
        self.answer = answer
        self.texts = texts
        self.problems = problems
        self.run = run
    }
}
