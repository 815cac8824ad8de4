import AsyncHTTPClient
import Foundation
import NIOCore
import NIOHTTP1
import NIOSSL
import ShuntControl

/// The admin API as a command sees it: requests in, answers or a `CommandFailure` out.
struct AdminClient: Sendable {
    enum Method: String, Sendable {
        case get = "GET"
        case put = "PUT"
        case post = "POST"
        case delete = "DELETE"
    }

    /// An answer of the API, as it came.
    struct Answer: Sendable {
        var body: Data
        /// The `revision` that is in force, quoted, as `If-Match` wants it.
        var tag: String?

        var text: String { String(decoding: body, as: UTF8.self) }

        func decoded<Value: Decodable>(_ type: Value.Type) throws(CommandFailure) -> Value {
            do {
                return try AdminJSON.decode(type, from: body)
            } catch {
                throw CommandFailure(
                    .unreachable, "The answer is not that of a Shunt of this version: \(shuntVersion).")
            }
        }
    }

    /// Ten thousand routes take some 5 MB.
    private static let largestAnswer = 64 << 20

    let access: AdminAccess
    private let http: HTTPClient

    /// Runs `body` with a client that is closed after it.
    static func with<Value: Sendable>(
        _ access: AdminAccess, _ body: (AdminClient) async throws -> Value
    ) async throws -> Value {
        var configuration = HTTPClient.Configuration(redirectConfiguration: .disallow)
        configuration.timeout = .init(connect: .seconds(3))
        if let tls = try access.trust.configuration() { configuration.tlsConfiguration = tls }
        // Somebody waits at the terminal: one attempt, and its reason.
        configuration.connectionPool.retryConnectionEstablishment = false
        let http = HTTPClient(eventLoopGroupProvider: .singleton, configuration: configuration)
        do {
            let value = try await body(AdminClient(access: access, http: http))
            try? await http.shutdown()
            return value
        } catch {
            try? await http.shutdown()
            throw error
        }
    }

    func get(_ path: String) async throws(CommandFailure) -> Answer { try await send(.get, path) }

    /// - Parameter tag: the change is made only if nobody made another since the answer that carried it.
    func change(
        _ method: Method, _ path: String, _ body: some Encodable, tag: String? = nil
    ) async throws(CommandFailure) -> Answer {
        guard let data = try? AdminJSON.encode(body) else { throw CommandFailure(.usage, "The reason is no text.") }
        return try await send(method, path, data, tag: tag)
    }

    private func send(
        _ method: Method, _ path: String, _ body: Data? = nil, tag: String? = nil
    ) async throws(CommandFailure) -> Answer {
        var request = request(method, path)
        if let body {
            request.headers.add(name: "Content-Type", value: "application/json")
            request.body = .bytes(body)
        }
        if let tag { request.headers.add(name: "If-Match", value: tag) }
        do {
            let response = try await http.execute(request, timeout: .seconds(60))
            let data = try await Self.body(of: response)
            try Self.check(response, data, address: access.address)
            return Answer(body: data, tag: response.headers.first(name: "ETag"))
        } catch {
            throw failure(error)
        }
    }

    /// The events that come from now on, until the proxy or the caller ends it.
    ///
    /// - Parameter each: called with the data of each event.
    func follow(after id: Int64, _ each: (String) throws -> Void) async throws(CommandFailure) {
        var request = request(.get, AdminPath.events + "?after=\(id)")
        request.headers.replaceOrAdd(name: "Accept", value: "text/event-stream")
        do {
            // No end in sight: a day, then the caller may ask again.
            let response = try await http.execute(request, timeout: .hours(24))
            guard response.status == .ok else {
                try Self.check(response, try await Self.body(of: response), address: access.address)
                return
            }
            var reader = EventStreamReader()
            for try await part in response.body {
                for data in reader.read(part.readableBytesView) { try each(data) }
            }
        } catch {
            throw failure(error)
        }
    }

    private func request(_ method: Method, _ path: String) -> HTTPClientRequest {
        var request = HTTPClientRequest(url: access.address.description + path)
        request.method = HTTPMethod(rawValue: method.rawValue)
        request.headers.add(name: "Accept", value: "application/json")
        request.headers.add(name: AdminField.client, value: "shunt/\(shuntVersion)")
        request.headers.add(name: AdminField.author, value: access.author)
        if let token = access.token { request.headers.add(name: "Authorization", value: "Bearer \(token)") }
        return request
    }

    private func failure(_ error: any Error) -> CommandFailure {
        switch error {
        case let failure as CommandFailure: failure
        case is CancellationError: CommandFailure(.refused, "Interrupted.")
        default: CommandFailure(.unreachable, AdminRefusal.unreachable(access.address, because: error))
        }
    }

    private static func body(of response: HTTPClientResponse) async throws -> Data {
        Data(try await response.body.collect(upTo: largestAnswer).readableBytesView)
    }

    private static func check(
        _ response: HTTPClientResponse, _ body: Data, address: AdminAddress
    ) throws(CommandFailure) {
        if (200..<300).contains(response.status.code) { return }
        throw AdminRefusal.failure(status: Int(response.status.code), body: body, address: address)
    }
}
