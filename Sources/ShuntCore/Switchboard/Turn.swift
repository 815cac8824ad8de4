/// One event's turn in the core: when it happened, and what must be done about it.
///
/// Whoever feeds the core keeps one and sets the time before each event.
package struct Turn: Sendable {
    package var now: Instant
    package var effects = Effects()

    package init(now: Instant) {
        self.now = now
    }
}
