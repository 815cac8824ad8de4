import Foundation
import HTTPTypes
import Hummingbird
import NIOCore
import ShuntControl
import ShuntCore
import ShuntTesting
import Synchronization

/// Asks the responder, without sockets.
struct APIClient {
    var control = FakeControl()
    var settings = AdminSettings()
    var extra: [AdminOperation] = []

    static let json = ["Content-Type": "application/json"]

    /// An answer as a caller sees it.
    struct Reply {
        var status: Int
        var fields: HTTPFields
        var text: String
        var json: [String: Any] {
            (try? JSONSerialization.jsonObject(with: Data(text.utf8))) as? [String: Any] ?? [:]
        }
        var code: String { json["code"] as? String ?? "" }
        func field(_ name: String) -> String? { HTTPField.Name(name).flatMap { fields[$0] } }
    }

    init() { settings.address = .tcp(host: "127.0.0.1", port: 0) }

    /// - Parameter fields: `Host` is sent as `localhost` unless it is among them.
    func ask(
        _ method: HTTPRequest.Method, _ path: String, _ fields: [String: String] = [:], body: String? = nil
    ) async throws -> Reply {
        var fields = fields
        let host = fields.removeValue(forKey: "Host") ?? "localhost"
        var head = HTTPRequest(method: method, scheme: "http", authority: host, path: path)
        for (name, value) in fields {
            if let name = HTTPField.Name(name) { head.headerFields[name] = value }
        }
        let request = Request(head: head, body: RequestBody(buffer: ByteBuffer(string: body ?? "")))
        let responder = AdminResponder(settings: settings, control: control, extra: extra)
        let response = await responder.response(to: request)
        let writer = CollectingWriter()
        try await response.body.write(writer)
        return Reply(
            status: response.status.code, fields: response.headers, text: writer.text.withLock { $0 })
    }

    /// A change with `{}` or the given members.
    func change(
        _ method: HTTPRequest.Method, _ path: String, _ fields: [String: String] = [:], body: String = "{}"
    ) async throws -> Reply {
        try await ask(method, path, Self.json.merging(fields) { $1 }, body: body)
    }
}

/// Keeps what a response's body writes.
private final class CollectingWriter: ResponseBodyWriter, Sendable {
    let text = Mutex("")
    func write(_ buffer: ByteBuffer) async throws { text.withLock { $0 += String(buffer: buffer) } }
    func finish(_ trailingHeaders: HTTPFields?) async throws {}
}
