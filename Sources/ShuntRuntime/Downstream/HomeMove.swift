import NIOCore
import ShuntCore

/// Takes a client's connection from the worker that accepted it to the one where its session lives, before its handshake
/// is answered.
///
/// The descriptor is duplicated and the old channel closed, which leaves the TCP connection as it is. Bytes that came
/// with the handshake travel along. The handshake of a session that already lives on this loop never comes here.
struct HomeMove {
    let client: AcceptedClient
    let passage: SocketTransfer.Passage
    let target: any EventLoop
    let workers: Workers

    /// - Parameter behind: what came behind the request. What comes from now on is read on the new loop.
    func start(_ channel: any Channel, behind: ByteBuffer) {
        channel.close(promise: nil)
        let (client, passage, target, workers) = (client, passage, target, workers)
        target.execute {
            passage.arrive(target).assumeIsolated().whenComplete { result in
                let worker = workers.here(target)
                guard case .success(let channel) = result, let worker else {
                    worker?.countRefusal(HandshakeAnswer.Trouble.noDescriptors.code)
                    return client.leave(on: target)
                }
                client.install(on: channel, worker: worker, behind: behind)
            }
        }
    }
}
