// fuzz-sources: Sources/ShuntCore/HTTP Sources/ShuntCore/Session/Handshake.swift Tests/Fuzz/Support
// fuzz-sources: Sources/ShuntCore/Session/FieldText.swift Sources/ShuntCore/Session/PercentCoding.swift
// fuzz-sources: Sources/ShuntCore/Support/ByteString.swift
//
// The head of a client's request, read whole and in pieces: the same must be read, within the limits; and what is read
// must be the same when it is written and read again.

private enum Reading: Equatable {
    case unfinished
    case failed(HeadReader.Problem)
    case head(RequestHead?, behind: Int)
}

private func read(_ bytes: [UInt8], cuts: [Int]) -> Reading {
    var reader = HeadReader(.request)
    var start = 0
    for piece in pieces(of: bytes, cuts: cuts) {
        var position = 0
        do {
            let progress = try reader.read(piece.span, at: &position)
            require(position <= piece.count, "position \(position)")
            start += position
            if progress == .whole { return .head(RequestHead(reader), behind: bytes.count - start) }
            require(position == piece.count, "input is left")
        } catch {
            return .failed(error)
        }
    }
    return .unfinished
}

@_cdecl("LLVMFuzzerTestOneInput")
public func fuzzRequestHead(_ data: UnsafePointer<UInt8>?, _ size: Int) -> CInt {
    var input = FuzzInput(data, size)
    let cuts = input.cuts()
    let bytes = input.bytes()
    let whole = read(bytes, cuts: [])
    require(whole == read(bytes, cuts: cuts), "cuts change what is read")
    require(whole == read(bytes, cuts: [1]), "single bytes change what is read")
    guard case .head(let head?, let behind) = whole else { return 0 }
    require(bytes.count - behind <= HeadReader.longest, "a head of \(bytes.count - behind) bytes")
    require(head.fields.count <= HeadReader.mostFields, "\(head.fields.count) fields")
    for field in head.fields {
        require(field.value == FieldText.trimmed(field.value), "white space around a value")
        require(!field.value.bytes.contains { $0 < 0x20 && $0 != 9 || $0 == 0x7F }, "a control character")
    }
    guard let written = HeadWriter.request(target: head.target, head.fields) else {
        fatalError("cannot be written")
    }
    guard case .head(let again?, 0) = read(written, cuts: []) else { fatalError("cannot be read again") }
    require(again.target == head.target && again.fields == head.fields, "another head")
    return 0
}
