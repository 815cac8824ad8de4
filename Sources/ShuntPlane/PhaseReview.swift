import ShuntCore

extension InForce {
    /// What another phase would move, and what not.
    func preview(of phase: Phase) -> PhasePreview {
        let before = definition
        var next = before
        next.phase = phase
        var moves: [PhasePreview.Line] = []
        var stays: [PhasePreview.Line] = []
        var notes: [String] = []
        for route in before.routes {
            let from = route.decision(in: before.phase)
            let to = route.decision(in: phase)
            let line = PhasePreview.Line(route: route.name, from: from, to: to)
            if from.rollout != to.rollout {
                moves.append(line)
            } else if let side = phase.side, to.rollout != Rollout(side) {
                stays.append(line)
            }
            if to.rollout != .legacy, next.unified == nil {
                notes.append("\(route.name) cannot move: there is no unified upstream")
            }
            if to.rollout != .unified, route.legacy == nil {
                notes.append("\(route.name) cannot move: it has no legacy upstream")
            }
        }
        if phase == .complete, before.phase != .complete {
            let open = before.routes.count { $0.endpoint != nil }
            notes.append("\(open) legacy endpoint(s) answer 410; sockets that are open there close with 4410")
        }
        if before.phase == .complete, phase != .complete { notes.append("legacy endpoints open again") }
        if phase == before.phase { notes.append("this is the phase in force: nothing changes") }
        return PhasePreview(from: before.phase, to: phase, moves: moves, stays: stays, notes: notes)
    }
}
