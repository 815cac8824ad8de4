// fuzz-sources: Sources/ShuntCore/Proxying Sources/ShuntCore/Session/AddressText.swift Tests/Fuzz/Support
// fuzz-sources: Sources/ShuntCore/Session/PercentCoding.swift Sources/ShuntCore/Support/ByteString.swift
//
// A head of the PROXY protocol, read whole and in pieces: the same must be read, within the limits, and nothing behind it.

private enum Reading: Equatable {
    case unfinished
    case failed(ProxyHeadReader.Problem)
    case head(ProxiedSource?, behind: Int)
}

private func read(_ bytes: [UInt8], cuts: [Int]) -> Reading {
    var reader = ProxyHeadReader()
    var start = 0
    for piece in pieces(of: bytes, cuts: cuts) {
        var position = 0
        do {
            let progress = try reader.read(piece.span, at: &position)
            require(position <= piece.count, "position \(position)")
            start += position
            if case .whole(let source) = progress { return .head(source, behind: bytes.count - start) }
            require(position == piece.count, "input is left")
        } catch {
            return .failed(error)
        }
    }
    return .unfinished
}

@_cdecl("LLVMFuzzerTestOneInput")
public func fuzzProxyHead(_ data: UnsafePointer<UInt8>?, _ size: Int) -> CInt {
    var input = FuzzInput(data, size)
    let cuts = input.cuts()
    let bytes = input.bytes()
    let whole = read(bytes, cuts: [])
    require(whole == read(bytes, cuts: cuts), "cuts change what is read")
    require(whole == read(bytes, cuts: [1]), "single bytes change what is read")
    guard case .head(let source, let behind) = whole else {
        if whole == .unfinished { require(bytes.count < ProxyHeadReader.longest, "waits for too much") }
        return 0
    }
    let head = Array(bytes[..<(bytes.count - behind)])
    require(head.count <= ProxyHeadReader.longest, "a head of \(head.count) bytes")
    require(head.first != 0x50 || head.count <= ProxyHeadReader.longestLine, "a line of \(head.count) bytes")
    require(read(head, cuts: []) == .head(source, behind: 0), "bytes behind the head change what is read")
    guard let source else { return 0 }
    require((0...65_535).contains(source.port), "port \(source.port)")
    require(AddressText(source.host)?.shortText == source.host, "another address than \(source.host)")
    return 0
}
