import AsyncHTTPClient
import NIOCore
import NIOHTTP1
import ShuntCore

/// Why a question by HTTP was not answered.
struct FetchProblem: Error, CustomStringConvertible, Equatable {
    let description: String
    init(_ description: String) { self.description = description }
}

/// Asks by HTTP, bounded in time and bytes, and follows nobody elsewhere.
struct HTTPFetch: Sendable {
    let client: HTTPClient

    /// A client that follows no redirects.
    static func client(eventLoopGroup: any EventLoopGroup) -> HTTPClient {
        var configuration = HTTPClient.Configuration()
        configuration.redirectConfiguration = .disallow
        configuration.timeout.connect = .seconds(5)
        return HTTPClient(eventLoopGroup: eventLoopGroup, configuration: configuration)
    }

    /// A set of keys.
    func keys(at url: String) async throws -> [UInt8] {
        var request = HTTPClientRequest(url: url)
        request.headers.add(name: "Accept", value: "application/jwk-set+json, application/json")
        let response = try await client.execute(request, deadline: .now() + .seconds(5))
        guard (200...299).contains(response.status.code) else {
            throw FetchProblem("it was answered by \(response.status.code)")
        }
        return try await body(of: response, most: KeyReading.longest, within: .seconds(5))
    }

    /// - Throws: `FetchProblem` where it is longer than `most`.
    func body(of response: HTTPClientResponse, most: Int, within time: Duration) async throws -> [UInt8] {
        try await withThrowingTaskGroup(of: [UInt8].self) { group in
            group.addTask {
                do {
                    return Array(buffer: try await response.body.collect(upTo: most))
                } catch is NIOTooManyBytesError {
                    throw FetchProblem("the answer is longer than \(most) bytes")
                }
            }
            group.addTask {
                try await Task.sleep(for: time)
                throw FetchProblem("the answer does not end")
            }
            defer { group.cancelAll() }
            return try await group.next() ?? []
        }
    }
}
