/// The kind of a data message (RFC 6455 §5.6).
package enum MessageKind: UInt8, Sendable {
    case text = 1
    case binary = 2
}
