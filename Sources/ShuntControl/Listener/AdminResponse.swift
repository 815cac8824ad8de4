import Foundation
import HTTPTypes
import Hummingbird
import NIOCore

/// The fields that all answers carry, and an answer as Hummingbird's response.
enum AdminResponse {
    /// An answer may set its own: a page needs another content policy.
    private static let fields: [(name: String, value: String)] = [
        ("Cache-Control", "no-store"),
        ("Content-Security-Policy", "default-src 'none'; frame-ancestors 'none'"),
        ("Cross-Origin-Resource-Policy", "same-origin"),
        ("Referrer-Policy", "no-referrer"),
        ("X-Content-Type-Options", "nosniff"),
        ("X-Frame-Options", "DENY"),
    ]

    /// - Parameter isHead: only the head is sent, with the length that the body would have.
    static func make(_ answer: Answer, isHead: Bool) -> Response {
        var fields = answer.fields
        for field in Self.fields {
            if let name = HTTPField.Name(field.name), fields[name] == nil { fields[name] = field.value }
        }
        let status = HTTPResponse.Status(code: answer.status)
        switch answer.body {
        case .bytes(let bytes):
            fields[.contentLength] = String(bytes.count)
            let body = isHead ? ResponseBody() : ResponseBody(byteBuffer: ByteBuffer(bytes: bytes))
            return Response(status: status, headers: fields, body: body)
        case .stream(let write):
            // Proxies in front, nginx for one, would keep what comes until there is more of it.
            if let name = HTTPField.Name("X-Accel-Buffering") { fields[name] = "no" }
            return Response(status: status, headers: fields, body: ResponseBody(write))
        }
    }
}
