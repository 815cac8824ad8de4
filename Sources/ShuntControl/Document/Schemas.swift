import ShuntCore

/// The shapes of the API's JSON (JSON Schema 2020-12, as OpenAPI 3.1 has it). A test holds the real answers against them.
enum Schemas {
    static let all: [String: JSONTree] = [
        "HealthAnswer": object(
            ["status": words(HealthAnswer.words)], optional: ["upstreams": list("UpstreamHealth")]),
        "UpstreamHealth": object(["upstream": text, "serves": flag], optional: ["answers": flag]),
        "StatusAnswer": object(
            [
                "version": text, "started_at": time, "revision": revision, "phase": phase, "phase_is_override": flag,
                "phase_of_file": phase, "draining": flag, "workers": count,
                "now": counts([
                    "clients", "sessions", "pools", "connections", "exchanges", "held_bytes", "parked_replies",
                    "parked_bytes",
                ]),
                "total": counts([
                    "messages", "absorbed", "refused", "forwarded", "delivered", "errors", "parked",
                    "parked_delivered", "parked_expired", "discarded", "late_replies", "unasked_replies",
                    "pushes_forwarded", "pushes_answered", "pushes_dropped", "dials", "dials_failed", "retired",
                    "brownout_refused", "brownout_closed", "credentials_expired", "credentials_refreshed",
                ]),
            ],
            optional: [
                "last_reload": object(["at": time, "succeeded": flag, "lines": texts]),
                "store_problem": text,
                "certificates": list("CertificateAnswer"),
            ]),
        "CertificateAnswer": object(["file": text, "names": texts, "expires_at": time]),
        "RoutesAnswer": object(["routes": list("RouteAnswer")]),
        "RouteAnswer": object(
            [
                "name": text, "match": texts, "served_by": share, "unified_percent": percent, "decided_by": origin,
                "file_says": share, "paused": flag,
                "counts": counts([
                    "by_legacy", "by_unified", "errors_by_legacy", "errors_by_unified", "sockets", "waiting",
                ]),
            ],
            optional: [
                "endpoint": text, "life": reference("EndpointLifeAnswer"), "line": count,
                "override": reference("OverrideAnswer"), "legacy_upstream": text,
                "unified_upstream": text,
            ]),
        "EndpointLifeAnswer": object(
            ["state": words(EndpointState.allCases.map(\.rawValue))],
            optional: [
                "deprecated_at": time, "sunset": time,
                "brownout": object(["from": time, "until": time, "share": text]),
            ]),
        "OverrideAnswer": object(["value": text, "at": time, "by": text, "reason": text]),
        "PhaseAnswer": object(
            ["phase": phase, "is_override": flag, "file_says": phase, "phases": ["type": "array", "items": phase]],
            optional: ["preview": reference("PreviewAnswer")]),
        "PreviewAnswer": object([
            "from": phase, "to": phase, "moves": list("PreviewLine"), "stays": list("PreviewLine"), "notes": texts,
        ]),
        "PreviewLine": object([
            "route": text, "served_by": share, "decided_by": origin, "would_be_served_by": share,
            "would_be_decided_by": origin,
        ]),
        "PoolsAnswer": object(["pools": list("PoolAnswer")]),
        "PoolAnswer": object(
            [
                "upstream": text, "side": words(["legacy", "unified"]), "url": text, "pools": count,
                "dialling": count, "ready": count, "retired": count, "outstanding": count, "queued": count,
                "queued_bytes": count, "open_breakers": count,
            ], optional: ["answers": flag]),
        "SessionsAnswer": object(["sessions": list("SessionAnswer")]),
        "SessionAnswer": object([
            "name": text, "has_token": flag, "worker": count, "sockets": count, "open": count, "parked": count,
            "apps": texts,
        ]),
        "EventsAnswer": object(["events": list("EventAnswer")]),
        "EventAnswer": object([
            "id": revision, "at": time, "level": words(["info", "warning", "error"]), "kind": text, "subject": text,
            "text": text,
        ]),
        "AuditAnswer": object(["entries": list("AuditLine")]),
        "AuditLine": object([
            "id": revision, "at": time, "by": text, "action": words(AuditEntry.Action.allCases.map(\.rawValue)),
            "subject": text, "from": text, "to": text, "reason": text,
        ]),
        "UsageAnswer": object(
            [
                "since": day, "through": day,
                "by": ["type": "array", "items": words(UsageDimension.allCases.map(\.rawValue))],
                "rows": list("UsageRow"), "endpoints": list("EndpointVerdict"),
            ],
            optional: ["problem": text]),
        "UsageRow": object(
            [
                "endpoint": text, "sockets": count, "messages": count, "replies": count, "bytes_in": count,
                "bytes_out": count, "errors": count, "sessions": count, "sessions_exact": flag,
            ],
            optional: [
                "day": day, "route": text, "app": text, "version": text, "tenant": text, "origin": text,
                "first_seen": time, "last_seen": time,
            ]),
        "EndpointVerdict": object(
            [
                "endpoint": text, "verdict": words(EndpointVerdict.Judgement.allCases.map(\.rawValue)), "because": text,
                "days_watched": count, "quiet_days_watched": count, "quiet_days_needed": count,
                "users": list("EndpointUser"), "trend": reference("Trend"),
            ],
            optional: ["last_seen": time, "quiet_since": day, "watched_since": day]),
        "EndpointUser": object(["app": text, "version": text, "messages": count, "last_seen": time]),
        "Trend": object(
            ["kind": words(TrendAnswer.kinds)],
            optional: ["ends": day, "earliest": day, "latest": day, "days": count]),
        "ChangeAnswer": object(["revision": revision, "changed": texts, "notes": texts]),
        "OverrideRequest": object(["served_by": share], optional: ["reason": text]),
        "PhaseRequest": object(["phase": phase], optional: ["reason": text]),
        "KickRequest": object(
            [
                "kind": words(["session", "user"]),
                "name": ["type": "string", "examples": .texts(["8d4fec6fd52d0417"])],
            ], optional: ["block": text, "reason": text]),
        "ReasonRequest": object([:], optional: ["reason": text]),
        "ProblemAnswer": object(
            [
                "type": words(ProblemCode.allCases.map(\.type)), "title": text,
                "status": ["type": "integer", "minimum": 400, "maximum": 599], "detail": text,
                "code": words(ProblemCode.allCases.map(\.rawValue)),
            ],
            optional: ["errors": texts, "allowed": texts, "meant": text, "revision": revision]),
        "Document": ["type": "object", "required": ["openapi", "info", "paths"]],
    ].merging(live) { $1 }

    static func reference(_ name: String) -> JSONTree { ["$ref": .text("#/components/schemas/" + name)] }

    static let text: JSONTree = ["type": "string"]
    static let texts: JSONTree = ["type": "array", "items": text]
    static let flag: JSONTree = ["type": "boolean"]
    static let count: JSONTree = ["type": "integer", "minimum": 0]
    static let revision: JSONTree = ["type": "integer", "format": "int64", "minimum": 0]
    static let time: JSONTree = ["type": "string", "format": "date-time"]
    static let day: JSONTree = ["type": "string", "format": "date"]
    static let percent: JSONTree = ["type": "number", "minimum": 0, "maximum": 100]
    static let phase = words(Phase.allCases.map(\.rawValue))
    static let origin = words(RouteDecision.Origin.allCases.map(\.rawValue))
    static let share: JSONTree = [
        "type": "string", "pattern": #"^(legacy|unified|[0-9]{1,3}(\.[0-9]{1,2})?%)$"#,
        "examples": ["legacy", "25%", "unified"],
    ]

    static func words(_ words: [String]) -> JSONTree { ["type": "string", "enum": .texts(words)] }
    static func list(_ name: String) -> JSONTree { ["type": "array", "items": reference(name)] }

    static func counts(_ names: [String]) -> JSONTree {
        object(Dictionary(names.map { ($0, count) }, uniquingKeysWith: { $1 }))
    }

    /// An object that has these members and no others.
    static func object(_ required: [String: JSONTree], optional: [String: JSONTree] = [:]) -> JSONTree {
        [
            "type": "object", "required": .texts(required.keys.sorted()), "additionalProperties": false,
            "properties": .object(required.merging(optional) { $1 }),
        ]
    }
}
