import ShuntCore
import ShuntDeflate

/// How one socket's messages are compressed, as its handshake agreed. What leans on earlier messages is kept here; what does
/// not is the worker's, for all such sockets.
final class LegCompression {
    let agreement: DeflateAgreement
    let level: Int
    let minBytes: Int
    let place: CompressionPlace
    private var deflater: Deflater?
    private var inflater: Inflater?

    init(_ agreement: DeflateAgreement, _ settings: CompressionSettings, _ place: CompressionPlace) {
        self.agreement = agreement
        level = settings.level
        minBytes = settings.minBytes
        self.place = place
    }

    /// Bytes that a socket keeps for it from message to message, at most.
    static func memory(of agreement: DeflateAgreement) -> Int {
        let (sending, receiving) = (agreement.sending, agreement.receiving)
        return (sending.takesOver ? Deflater.memory(windowBits: sending.windowBits) : 0)
            + (receiving.takesOver ? Inflater.memory(windowBits: receiving.windowBits) : 0)
    }

    /// Whether a message of that length is sent compressed. zlib keeps to no window of 8 bits; whoever asks for one is sent
    /// plain messages, which is its right.
    func compresses(_ length: Int) -> Bool { length >= minBytes && agreement.sending.windowBits > 8 }

    /// What compresses the next message; nil where there is no memory for it.
    func readyDeflater(_ codecs: inout WorkerCodecs) -> Deflater? {
        guard agreement.sending.takesOver else {
            return codecs.deflater(level: level, windowBits: agreement.sending.windowBits)
        }
        if deflater == nil { deflater = Deflater(level: level, windowBits: agreement.sending.windowBits) }
        return deflater
    }

    /// What brings the next message back; nil where there is no memory for it.
    func readyInflater(_ codecs: inout WorkerCodecs) -> Inflater? {
        guard agreement.receiving.takesOver else { return codecs.inflater() }
        if inflater == nil { inflater = Inflater(windowBits: agreement.receiving.windowBits) }
        return inflater
    }
}

/// What a worker compresses by where messages lean on nothing: made when first needed, and one of each.
struct WorkerCodecs {
    private struct Kind: Hashable {
        var level: Int
        var windowBits: Int
    }

    private var deflaters: [Kind: Deflater] = [:]
    private var sharedInflater: Inflater?
    /// Where messages are put together before they are compressed, compressed, and brought back.
    var plain: [UInt8] = []
    var packed: [UInt8] = []
    var expanded: [UInt8] = []
    var figures = CompressionFigures()

    mutating func deflater(level: Int, windowBits: Int) -> Deflater? {
        let kind = Kind(level: level, windowBits: windowBits)
        if let known = deflaters[kind] {
            known.reset()
            return known
        }
        let made = Deflater(level: level, windowBits: windowBits)
        deflaters[kind] = made
        return made
    }

    mutating func inflater() -> Inflater? {
        if let sharedInflater {
            sharedInflater.reset()
            return sharedInflater
        }
        sharedInflater = Inflater(windowBits: 15)
        return sharedInflater
    }

    /// A message of 16 MiB must not leave 16 MiB behind in every worker.
    static func giveBack(_ used: inout [UInt8], to kept: inout [UInt8]) {
        guard used.capacity <= 1 << 20 else { return }
        swap(&used, &kept)
    }
}
