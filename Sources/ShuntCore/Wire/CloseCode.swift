/// A WebSocket close code (RFC 6455 §7.4). Codes of 4000–4999 belong to applications.
package struct CloseCode: RawRepresentable, Hashable, Sendable {
    package var rawValue: UInt16
    package init(rawValue: UInt16) { self.rawValue = rawValue }

    package static let normal = CloseCode(rawValue: 1000)
    package static let goingAway = CloseCode(rawValue: 1001)
    package static let protocolError = CloseCode(rawValue: 1002)
    package static let invalidPayload = CloseCode(rawValue: 1007)
    package static let policyViolation = CloseCode(rawValue: 1008)
    package static let messageTooBig = CloseCode(rawValue: 1009)
    package static let internalError = CloseCode(rawValue: 1011)
    package static let serviceRestart = CloseCode(rawValue: 1012)
    package static let tryAgainLater = CloseCode(rawValue: 1013)
    /// Ours: the legacy endpoint is closed for good. Never one that old clients take for "log in again".
    package static let endpointClosed = CloseCode(rawValue: 4410)
    /// Ours: the legacy endpoint is deprecated, and a brownout takes this session in. Never one of those either.
    package static let brownout = CloseCode(rawValue: 4411)

    /// Whether the code may stand in a close frame (RFC 6455 §7.4.1 and §7.4.2, and the IANA registry: 1000–1003,
    /// 1007–1014, 3000–4999). 1005, 1006 and 1015 are only ever reported, never sent.
    package var mayBeSent: Bool {
        switch rawValue {
        case 1000...1003, 1007...1014, 3000...4999: true
        default: false
        }
    }
}
