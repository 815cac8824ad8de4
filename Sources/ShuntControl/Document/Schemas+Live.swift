/// The shapes of the data in the event stream of `GET /api/v1/live`.
extension Schemas {
    private static let rate: JSONTree = ["type": "number", "minimum": 0]
    private static let rates = [
        "legacy": rate, "unified": rate, "errors": rate, "at_legacy_endpoints": rate, "at_unified_endpoint": rate,
    ]

    static let live: [String: JSONTree] = [
        "LiveHistory": object([
            "version": text, "started_at": time, "access": words(["read", "write"]), "interval_ms": count,
            "points": list("LivePoint"),
        ]),
        "LivePoint": object(rates.merging(["at": time, "clients": count]) { $1 }),
        "LiveSample": object([
            "at": time, "revision": revision, "last_event": revision, "phase": phase, "draining": flag,
            "workers": count, "late_workers": count, "unlisted_sockets": count, "rates": object(rates),
            "now": counts(["clients", "sessions", "connections", "exchanges", "parked_replies"]),
            "unified_sockets": counts(["idle", "fan_out", "relay", "both"]),
            "routes": list("LiveRoute"), "pools": list("PoolAnswer"),
        ]),
        "LiveRoute": object([
            "name": text, "served_by": share, "unified_percent": percent, "decided_by": origin, "paused": flag,
            "passthrough": count, "raw": count, "collapse": count, "waiting": count,
            "legacy": reference("LiveSide"), "unified": reference("LiveSide"),
        ]),
        "LiveSide": object(
            ["messages_per_second": rate, "errors_per_second": rate, "exchanges": count],
            optional: ["error_percent": percent, "p50_ms": rate, "p99_ms": rate]),
    ]
}
