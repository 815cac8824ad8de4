package import ShuntCore

/// `GET /api/v1/phase`, with `?to=` also what another phase would do.
package struct PhaseAnswer: Codable, Sendable, Hashable {
    package var phase: String
    package var isOverride: Bool
    package var fileSays: String
    /// All phases, in the order of a migration.
    package var phases: [String]
    package var preview: PreviewAnswer?

    package init(_ status: ProxyStatus, preview: PhasePreview? = nil) {
        phase = status.phase.rawValue
        isOverride = status.phaseIsOverride
        fileSays = status.phaseOfFile.rawValue
        phases = Phase.allCases.map(\.rawValue)
        self.preview = preview.map(PreviewAnswer.init)
    }
}

/// What a phase would do. Nothing was done.
package struct PreviewAnswer: Codable, Sendable, Hashable {
    /// A route's share and what makes it so, now and then.
    package struct Line: Codable, Sendable, Hashable {
        package var route: String
        package var servedBy: String
        package var decidedBy: String
        package var wouldBeServedBy: String
        package var wouldBeDecidedBy: String
    }

    package var from: String
    package var to: String
    /// Routes whose share changes.
    package var moves: [Line]
    /// Routes that stay against the phase's wish; `would_be_decided_by` says why.
    package var stays: [Line]
    /// What else happens or ends, one sentence each.
    package var notes: [String]

    package init(_ preview: PhasePreview) {
        from = preview.from.rawValue
        to = preview.to.rawValue
        moves = preview.moves.map(Line.init)
        stays = preview.stays.map(Line.init)
        notes = preview.notes
    }
}

extension PreviewAnswer.Line {
    init(_ line: PhasePreview.Line) {
        self.init(
            route: line.route, servedBy: line.from.rollout.text, decidedBy: line.from.origin.rawValue,
            wouldBeServedBy: line.to.rollout.text, wouldBeDecidedBy: line.to.origin.rawValue)
    }
}
