import HTTPTypes

extension AdminAPI {
    /// The operation that tells all others, and itself.
    static func document(of others: [AdminOperation]) -> AdminOperation {
        var operation = AdminOperation(
            "document", .get, .fixed(AdminPath.document), access: .read, "This document.", answer: "Document"
        ) { _ throws(Problem) in throw Problem(.internal, "the document was not written") }
        let document = OpenAPIDocument(operations: others + [operation]).tree
        operation.run = { _ throws(Problem) in try .json(document) }
        return operation
    }
}

/// The API as an OpenAPI 3.1 document, made of the table that requests are answered by.
struct OpenAPIDocument {
    let operations: [AdminOperation]

    var tree: JSONTree {
        var paths: [String: JSONTree] = [:]
        for operation in operations where operation.answer != nil {
            var methods: [String: JSONTree] = [:]
            if case .object(let known)? = paths[operation.path.template] { methods = known }
            methods[operation.method.rawValue.lowercased()] = .object(members(of: operation))
            paths[operation.path.template] = .object(methods)
        }
        return [
            "openapi": "3.1.0",
            "info": [
                "title": "Shunt admin API", "version": "1",
                "description": """
                Where the migration stands, and what moves it. Answers about state carry the revision as ETag; a change \
                with a stale If-Match is refused.
                """,
            ],
            "paths": .object(paths),
            "components": [
                "schemas": .object(Schemas.all),
                "securitySchemes": [
                    "token": [
                        "type": "http", "scheme": "bearer",
                        "description": "A token of admin.tokens. Not needed on a loopback listener without tokens.",
                    ]
                ],
            ],
        ]
    }

    private func members(of operation: AdminOperation) -> [String: JSONTree] {
        var members: [String: JSONTree] = [
            "operationId": .text(operation.id), "summary": .text(operation.summary),
            "responses": .object(responses(of: operation)),
            "security": operation.access == .open ? [] : [["token": []], [:]],
        ]
        let parameters = Self.parameters(of: operation)
        if !parameters.isEmpty { members["parameters"] = .list(parameters) }
        if let body = operation.body {
            members["requestBody"] = ["required": true, "content": Self.content(body.schema)]
        }
        return members
    }

    private static func parameters(of operation: AdminOperation) -> [JSONTree] {
        var list = operation.parameters.map(\.tree)
        if case .route = operation.path {
            list.append([
                "name": "name", "in": "path", "required": true, "schema": ["type": "string"],
                "description": "The route's name as the file has it. Its slashes may be percent-encoded or not.",
            ])
        }
        if operation.access == .write {
            list.append(header("If-Match", "The ETag of the state that the change was decided on."))
            list.append(header(AdminField.author, "Who makes the change, for the audit trail."))
            list.append(header(AdminField.client, "Any value: a change may then come without a body."))
        }
        return list
    }

    private static func header(_ name: String, _ text: String) -> JSONTree {
        ["name": .text(name), "in": "header", "description": .text(text), "schema": ["type": "string"]]
    }

    private func responses(of operation: AdminOperation) -> [String: JSONTree] {
        var content = ["application/json": JSONTree.object(["schema": Schemas.reference(operation.answer ?? "")])]
        if operation.id == "events" { content["text/event-stream"] = ["schema": ["type": "string"]] }
        if operation.id == "usage" { content["text/csv"] = ["schema": ["type": "string"]] }
        var answers: [String: JSONTree] = ["200": ["description": "Done.", "content": .object(content)]]
        for (status, codes) in Dictionary(grouping: operation.allProblems, by: \.status) {
            let types = Set(codes).map(\.type).sorted()
            answers[String(status)] = [
                "description": .text(types.joined(separator: ", ")),
                "content": ["application/problem+json": ["schema": Schemas.reference("ProblemAnswer")]],
            ]
        }
        return answers
    }

    private static func content(_ schema: String) -> JSONTree {
        ["application/json": ["schema": Schemas.reference(schema)]]
    }
}

extension AdminOperation {
    /// Every kind of problem that it may answer with, its own and those of its access.
    var allProblems: [ProblemCode] {
        let anywhere: [ProblemCode] = [.badRequest, .requestTimeout, .headersTooLarge, .internal]
        let guarded: [ProblemCode] = [.badParameter, .unauthorized, .insufficientScope, .crossSite, .hostRefused]
        switch access {
        case .open: return anywhere + problems
        case .read: return anywhere + guarded + problems
        case .write: return anywhere + guarded + problems + [.badJSON, .invalidValue, .unsupportedMediaType]
        }
    }
}

extension AdminOperation.Path {
    /// As OpenAPI writes it.
    var template: String {
        switch self {
        case .fixed(let path): path
        case .route(let word): AdminPath.routes + "/{name}" + (word.map { "/" + $0 } ?? "")
        }
    }
}

extension Parameter {
    fileprivate var tree: JSONTree {
        var members: [String: JSONTree] = [
            "name": .text(name), "in": "query", "description": .text(summary), "schema": schema,
        ]
        if case .words = kind { members["explode"] = false }
        return .object(members)
    }

    private var schema: JSONTree {
        switch kind {
        case .word(let words):
            return ["type": "string", "enum": .texts(words)]
        case .words(let words):
            return ["type": "array", "items": ["type": "string", "enum": .texts(words)]]
        case .text(let longest, let pattern):
            return ["type": "string", "maxLength": .number(Int64(longest)), "pattern": .text(pattern)]
        case .number(let range, let value):
            var members: [String: JSONTree] = [
                "type": "integer", "format": "int64", "minimum": .number(range.lowerBound),
            ]
            if range.upperBound != .max { members["maximum"] = .number(range.upperBound) }
            if let value { members["default"] = .number(value) }
            return .object(members)
        }
    }
}
