import Foundation
import HTTPTypes
package import Hummingbird
import NIOCore
package import ShuntCore

/// From a request to a response: find, admit, read, run. Whatever goes wrong on the way is a `Problem`.
package struct AdminResponder: HTTPResponder {
    package typealias Context = BasicRequestContext

    private let api: AdminAPI
    private let gate: Gate
    private let control: any ProxyControl
    private let limits: AdminLimits

    package init(
        settings: AdminSettings, control: any ProxyControl, extra: [AdminOperation] = [],
        limits: AdminLimits = AdminLimits()
    ) {
        api = AdminAPI(extra: extra, limits: limits)
        gate = Gate(settings)
        self.control = control
        self.limits = limits
    }

    package func respond(to request: Request, context: BasicRequestContext) async throws -> Response {
        await response(to: request)
    }

    package func response(to request: Request) async -> Response {
        do throws(Problem) {
            return AdminResponse.make(try await answer(to: request), isHead: request.method == .head)
        } catch {
            return AdminResponse.make(.problem(error), isHead: request.method == .head)
        }
    }

    private func answer(to request: Request) async throws(Problem) -> Answer {
        let (path, query) = Self.split(request.head.path ?? "")
        let match = api.match(path, request.method)
        // Who may not read is not told either what there is.
        guard case .operation(let operation, let route) = match else {
            _ = try gate.admit(request.head, .read)
            throw Self.nothing(match)
        }
        let caller = try gate.admit(request.head, operation.access)
        var call = Call(control: control, route: route, caller: caller)
        call.query = query
        if operation.access != .open { call.parameters = try Parameter.values(of: query, operation.parameters) }
        if operation.access == .write {
            call.revision = try Self.revision(request.headers)
            call.members = try await members(of: request, operation)
        }
        call.wantsStream = request.method == .get && Self.wantsStream(request.headers)
        call.accept = request.headers[values: .accept].joined(separator: ",")
        call.wantsCSV = Self.prefers("text/csv", to: "application/json", request.headers)
        call.knownTags = request.headers[values: .ifNoneMatch].joined(separator: ",")
        call.lastEvent = request.headers[.lastEventID].flatMap { Int64($0) }
        return try await operation.run(call)
    }

    private func members(of request: Request, _ operation: AdminOperation) async throws(Problem) -> [String: String] {
        let needsBody = try CrossSiteCheck.needsBody(request.head)
        let bytes: Data
        do {
            bytes = Data(try await request.body.collect(upTo: limits.body).readableBytesView)
        } catch is NIOTooManyBytesError {
            throw Problem(.tooLarge, "a body may have \(limits.body) bytes")
        } catch {
            throw Problem(.badRequest, "the body did not arrive")
        }
        if needsBody, bytes.isEmpty { throw Problem(.badJSON, "the body is empty; send {} at least") }
        guard let body = operation.body else { return [:] }
        var members = try body.members(of: bytes)
        members["reason"] = members["reason"].map { PlainText.cleaned($0, longest: 500) }
        return members
    }

    private static func split(_ target: String) -> (path: String, query: String) {
        let parts = target.split(separator: "?", maxSplits: 1, omittingEmptySubsequences: false)
        return (parts.first.map(String.init) ?? "", parts.count > 1 ? String(parts[1]) : "")
    }

    private static func nothing(_ match: AdminAPI.Match) -> Problem {
        guard case .methods(let methods) = match else {
            return Problem(.notFound, "nothing is at this path; \(AdminPath.document) lists what there is")
        }
        let allowed = methods.joined(separator: ", ")
        var problem = Problem(.methodNotAllowed, "this path takes \(allowed)")
        problem.allowed = methods
        problem.fields[.allow] = allowed
        return problem
    }

    /// - Returns: the revision of `If-Match`; nil where there is none, or `*`.
    private static func revision(_ fields: HTTPFields) throws(Problem) -> Int64? {
        guard let field = fields[.ifMatch], field != "*" else { return nil }
        if field.count > 2, field.hasPrefix("\""), field.hasSuffix("\""),
            let number = Int64(field.dropFirst().dropLast())
        {
            return number
        }
        throw Problem(.badParameter, "`If-Match` must be one `ETag` of this API, such as \"12\", or *")
    }

    /// Whether the fields name this type, and not the other one before it.
    private static func prefers(_ type: String, to other: String, _ fields: HTTPFields) -> Bool {
        let named = fields[values: .accept].flatMap { field in
            field.split(separator: ",").map { String($0.prefix { $0 != ";" }.filter { $0 != " " }) }
        }
        return named.first { $0 == type || $0 == other } == type
    }

    private static func wantsStream(_ fields: HTTPFields) -> Bool {
        fields[values: .accept].contains { field in
            field.split(separator: ",").contains { $0.prefix { $0 != ";" }.filter { $0 != " " } == "text/event-stream" }
        }
    }
}
