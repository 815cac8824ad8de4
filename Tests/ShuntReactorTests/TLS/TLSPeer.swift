import Foundation
import ShuntCore
import ShuntReactor

/// A program that speaks TLS with a reactor: Python's `ssl`, or `openssl`.
final class TLSPeer {
    /// Python that connects `tls`, a client of the library `lib` itself: what Python's own module has no words for.
    static let bareClient = """
        import ctypes
        lib = ctypes.CDLL("libssl.so.3")
        for name in ("TLS_client_method", "SSL_CTX_new", "SSL_new"): getattr(lib, name).restype = ctypes.c_void_p
        pointer = ctypes.c_void_p
        tls = pointer(lib.SSL_new(pointer(lib.SSL_CTX_new(pointer(lib.TLS_client_method())))))
        sock = socket.create_connection(("127.0.0.1", port))
        lib.SSL_set_fd(tls, sock.fileno())
        assert lib.SSL_connect(tls) == 1
        """

    private let process = Process()
    private let output = Pipe()
    private let input = Pipe()

    init(_ command: [String], in folder: String) throws {
        process.executableURL = URL(fileURLWithPath: "/usr/bin/env")
        process.arguments = command
        process.currentDirectoryURL = URL(fileURLWithPath: folder)
        process.standardOutput = output
        process.standardError = output
        process.standardInput = input
        try process.run()
    }

    /// Python, with what the scripts here have in common.
    ///
    /// - Parameter arguments: from `sys.argv[1]` on; the first is the port to dial.
    static func python(_ script: String, _ arguments: [String], in folder: String) throws -> TLSPeer {
        let begin = """
            import os, socket, ssl, struct, sys, time
            port = int(sys.argv[1]) if len(sys.argv) > 1 else 0
            def client(**more):
                context = ssl.create_default_context(cafile="authority.pem")
                for name, value in more.items(): setattr(context, name, value)
                return context
            def dial(context, name="localhost"):
                sock = socket.create_connection(("127.0.0.1", port), timeout=10)
                return context.wrap_socket(sock, server_hostname=name)
            def exactly(sock, count):
                data = b""
                while len(data) < count:
                    more = sock.recv(count - len(data))
                    if not more: break
                    data += more
                return data
            def serve(context):
                listener = socket.create_server(("127.0.0.1", 0))
                print(listener.getsockname()[1], flush=True)
                sock, _ = listener.accept()
                return context.wrap_socket(sock, server_side=True)
            def server():
                context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
                context.load_cert_chain("server.pem", "server.key")
                return context

            """
        return try TLSPeer(["python3", "-c", begin + script] + arguments, in: folder)
    }

    var isRunning: Bool { process.isRunning }

    func say(_ text: String) { try? input.fileHandleForWriting.write(contentsOf: Data(text.utf8)) }
    func endInput() { try? input.fileHandleForWriting.close() }

    /// The next line that it prints, while it runs.
    func line() -> String {
        var line: [UInt8] = []
        while let byte = try? output.fileHandleForReading.read(upToCount: 1)?.first, byte != 10 { line.append(byte) }
        return String(decoding: line, as: UTF8.self)
    }

    /// Everything that it printed, once it is over.
    func rest() -> String {
        let data = (try? output.fileHandleForReading.readToEnd()) ?? Data()
        process.waitUntilExit()
        return String(decoding: data, as: UTF8.self)
    }

    func stop() { if process.isRunning { process.terminate() } }
    deinit { stop() }
}
