import AsyncHTTPClient
import NIOCore
import NIOHTTP1
import ShuntCore

/// One question to a session service, and what its answer means.
struct SessionQuestion: Sendable {
    let settings: SessionServiceSettings
    let fetch: HTTPFetch

    private static let longestAnswer = 64 << 10

    /// - Throws: where that is no verdict.
    func ask(_ token: ByteString) async throws -> CredentialVerdict {
        guard let text = token.text else { return .bad(status: 401, problem: "the token is not UTF-8") }
        let response = try await fetch.client.execute(
            try request(text), deadline: .now() + .nanoseconds(settings.timeout.nanoseconds))
        switch response.status.code {
        case 200: break
        case 401, 403:
            return .bad(
                status: Int(response.status.code), problem: "the session service says \(response.status.code)")
        default: throw FetchProblem("it answered \(response.status.code)")
        }
        let bytes = try await fetch.body(
            of: response, most: Self.longestAnswer, within: .nanoseconds(settings.timeout.nanoseconds))
        guard let tree = JSONDocument(bytes), case .object = tree else {
            throw FetchProblem("it answered 200 with something that is no JSON object")
        }
        do throws(ClaimProblem) {
            return .good(try Claims(of: tree, naming: settings.claims))
        } catch {
            switch error {
            case .noSession: throw FetchProblem("its answer lacks the claim that names the session")
            case .badClaim(let name): throw FetchProblem("its claim \(name) is of no use")
            }
        }
    }

    private func request(_ token: String) throws -> HTTPClientRequest {
        var url = settings.url
        if case .query(let name) = settings.send {
            url += (url.contains("?") ? "&" : "?") + name + "=" + Self.encoded(token)
        }
        var request = HTTPClientRequest(url: url)
        request.method = HTTPMethod(rawValue: settings.method)
        request.headers.add(name: "Accept", value: "application/json")
        switch settings.send {
        case .header(let name) where name.lowercased() == "authorization":
            request.headers.add(name: name, value: "Bearer " + token)
        case .header(let name): request.headers.add(name: name, value: token)
        case .cookie(let name): request.headers.add(name: "Cookie", value: name + "=" + Self.encoded(token))
        case .query, .subprotocol: break
        }
        if settings.method == "POST" { request.body = .bytes(ByteBuffer()) }
        return request
    }

    /// Everything but unreserved characters percent-encoded (RFC 3986 §2.3).
    private static func encoded(_ text: String) -> String {
        var result = ""
        for byte in text.utf8 {
            switch byte {
            case 0x30...0x39, 0x41...0x5A, 0x61...0x7A, 0x2D, 0x2E, 0x5F, 0x7E:
                result.unicodeScalars.append(Unicode.Scalar(byte))
            default:
                let digits = String(byte, radix: 16, uppercase: true)
                result += "%" + (digits.utf8.count == 1 ? "0" : "") + digits
            }
        }
        return result
    }
}
