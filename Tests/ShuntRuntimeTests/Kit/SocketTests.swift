import Testing

/// Tests over real sockets whose peers block while they wait: one after the other, so that none starves another.
@Suite(.serialized)
enum SocketTests {}
