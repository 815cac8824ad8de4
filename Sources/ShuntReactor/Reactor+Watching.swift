import ShuntCore

/// What the poller is asked for.
extension Reactor {
    /// Has the poller ask for what is wanted of a socket.
    func watchAgain(_ id: SocketID) {
        guard let wanted = sockets[id]?.wanted, sockets[id]?.isWatched == true || !wanted.isEmpty else { return }
        let isListening = sockets[id]?.stage == .listening
        guard sockets[id]?.isWatched == true, !isListening else {
            if wanted.isEmpty { return unwatch(id) }
            do throws(SystemError) {
                try watch(id)
            } catch {
                guard isListening else { return lose(id, error) }
                // Nothing is wrong with it: its owner sees that it does not listen, and tries again.
                sockets[id]?.isReading = false
            }
            return
        }
        guard sockets[id]?.interest != wanted, let descriptor = sockets[id]?.descriptor else { return }
        hasProgressed = true
        sockets[id]?.interest = wanted
        kernel.change(descriptor, wanted, token: id.token)
    }

    func watch(_ id: SocketID) throws(SystemError) {
        guard let wanted = sockets[id]?.wanted, let descriptor = sockets[id]?.descriptor,
            sockets[id]?.isWatched == false
        else { return }
        let isShared = sockets[id]?.stage == .listening
        try kernel.watch(descriptor, isShared ? [wanted, .exclusive] : wanted, token: id.token)
        sockets[id]?.isWatched = true
        sockets[id]?.interest = wanted
    }

    func unwatch(_ id: SocketID) {
        guard sockets[id]?.isWatched == true, let descriptor = sockets[id]?.descriptor else { return }
        hasProgressed = true
        sockets[id]?.isWatched = false
        sockets[id]?.interest = []
        kernel.unwatch(descriptor)
    }
}
