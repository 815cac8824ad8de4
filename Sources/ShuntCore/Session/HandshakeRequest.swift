/// The request that opened a client's connection, as the HTTP parser read it.
package struct HandshakeRequest: Sendable {
    package var method: String
    /// The raw request target.
    package var target: ByteString
    package var versionMajor: Int
    package var versionMinor: Int
    package var headers: HeaderFields
    /// The peer's address without port; empty where it has none (a Unix socket).
    package var remoteHost: String
    package var remotePort: Int
    /// Whether this connection is encrypted.
    package var secure: Bool

    package init(
        method: String, target: ByteString, versionMajor: Int = 1, versionMinor: Int = 1, headers: HeaderFields,
        remoteHost: String = "", remotePort: Int = 0, secure: Bool = false
    ) {
        self.method = method
        self.target = target
        self.versionMajor = versionMajor
        self.versionMinor = versionMinor
        self.headers = headers
        self.remoteHost = remoteHost
        self.remotePort = remotePort
        self.secure = secure
    }

    /// Takes the request from its head.
    package init(_ head: RequestHead, remoteHost: String, remotePort: Int, secure: Bool = false) {
        self.init(
            method: head.method, target: head.target, versionMinor: head.minorVersion, headers: head.fields,
            remoteHost: remoteHost, remotePort: remotePort, secure: secure)
    }
}

/// The first step of a handshake: what a request asks for.
package enum HandshakeReading: Sendable {
    /// A socket, for a client that is still to be admitted.
    case candidate(Candidate)
    /// Nothing that it can have: an HTTP error; the connection is closed after it.
    case refuse(HandshakeVerdict.Refusal)
    /// Whether the process is alive: 200.
    case health
}

/// The second step of a handshake: whether a candidate is let in.
package enum HandshakeVerdict: Sendable {
    /// 101, and the socket is a client's. The identity is nil for a client without a token, who is a session alone.
    case admit(ClientIdentity?)
    /// An HTTP error; the connection is closed after it.
    case refuse(Refusal)

    package struct Refusal: Sendable, Equatable {
        package let status: Int
        /// Stable, for programs.
        package let code: String
        /// A text for people: what was wrong and what would be right. Repeats what the client sent, never a token.
        package let message: String
        /// Fields that the status asks for (`Allow`, `Upgrade`, …), besides those of the body and `Connection: close`.
        package let headers: [Handshake.Field]
        /// Further members of the body's error, texts all.
        package let details: [Handshake.Field]
        /// Where the client is told by a close frame behind a 101.
        package var closing: Closing?

        /// An upgrade that is followed by a close frame at once.
        package struct Closing: Sendable, Equatable {
            /// The value of `Sec-WebSocket-Accept`.
            package let acceptKey: ByteString
            /// Selected of what the client offers: browsers take no answer without one where they offered any.
            package let subprotocol: String?
            package let code: CloseCode
        }

        package init(
            status: Int, code: String, message: String, headers: [Handshake.Field] = [],
            details: [Handshake.Field] = []
        ) {
            self.status = status
            self.code = code
            self.message = message
            self.headers = headers
            self.details = details
        }

        /// The JSON object to send as the body: `{"error":{"code":…,"message":…}}`, with the details behind these.
        package var body: String {
            let members = [
                Handshake.Field(name: "code", value: code), Handshake.Field(name: "message", value: message),
            ]
            let texts = (members + details).map {
                #""\#(JSONText.escaped($0.name))":"\#(JSONText.escaped($0.value.text ?? $0.value.description))""#
            }
            return #"{"error":{\#(texts.joined(separator: ","))}}"#
        }
    }
}

private enum JSONText {
    /// The text as the inside of a JSON string (RFC 8259 §7).
    static func escaped(_ text: String) -> String {
        var result = ""
        for scalar in text.unicodeScalars {
            switch scalar {
            case "\"": result += "\\\""
            case "\\": result += "\\\\"
            case "\u{0}"..."\u{1F}":
                let digits = String(scalar.value, radix: 16)
                result += "\\u" + String(repeating: "0", count: 4 - digits.utf8.count) + digits
            default: result.unicodeScalars.append(scalar)
            }
        }
        return result
    }
}
