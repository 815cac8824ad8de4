package import Foundation
package import HTTPTypes
package import Hummingbird

/// What an operation answers, before the fields that all answers carry.
package struct Answer: Sendable {
    package enum Body: Sendable {
        case bytes(Data)
        case stream(@concurrent @Sendable (inout any ResponseBodyWriter) async throws -> Void)
    }

    package var status: Int
    package var fields: HTTPFields
    package var body: Body

    package init(status: Int = 200, type: String, fields: HTTPFields = [:], body: Body) {
        self.status = status
        self.fields = fields
        self.fields[.contentType] = type
        self.body = body
    }

    /// - Parameter revision: of the state that is told, for the `ETag`; nil where it is none.
    static func json(_ value: some Encodable, revision: Int64? = nil) throws(Problem) -> Answer {
        do {
            var answer = Answer(type: "application/json", body: .bytes(try AdminJSON.encode(value)))
            if let revision { answer.fields[.eTag] = "\"\(revision)\"" }
            return answer
        } catch {
            throw Problem(.internal, "the answer could not be written")
        }
    }

    static func problem(_ problem: Problem) -> Answer {
        Answer(
            status: problem.code.status, type: "application/problem+json", fields: problem.fields,
            body: .bytes((try? AdminJSON.encode(problem.answer)) ?? Data("{}".utf8)))
    }
}
