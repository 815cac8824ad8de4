import Foundation
import ShuntCore
import ShuntReactor
import Testing

/// Peers that keep all rules of encryption, and say nothing again and again.
@Suite(.serialized) struct TLSFloodTests {
    private let certificates: TestCertificates

    init() throws { certificates = try TestCertificates.required() }

    /// Serves a peer that is written in Python, and says what it came to.
    private func flood(_ script: String) throws -> TLSSide {
        let address = try #require(SocketAddress(literal: "127.0.0.1", port: 0))
        let descriptor = try SystemSocket.listen(on: address, SystemSocket.ListenOptions())
        let port = try #require(SystemSocket.localAddress(of: descriptor)).port
        let side = TLSSide(try Reactor())
        let listener = try side.reactor.listen(on: descriptor)
        let context = try certificates.server()
        let peer = try TLSPeer.python(script, ["\(port)"], in: certificates.folder)
        let end = Date() + 15
        while side.loss == nil, side.ends.isEmpty, Date() < end {
            side.turn(until: side.reactor.now + .milliseconds(5))
            while let (id, _) = try side.reactor.accept(listener) {
                side.id = id
                side.reactor.secure(id, with: context)
            }
        }
        let problem = side.problem
        #expect(problem != nil || side.ends == [.end])
        peer.stop()
        return side
    }

    @Test func `new keys again and again are not listened to for long`() throws {
        let side = try flood(
            """
            \(TLSPeer.bareClient)
            lib.SSL_write(tls, b"hello", 5)
            for _ in range(1000):
                lib.SSL_key_update(tls, 1)
                lib.SSL_do_handshake(tls)
            time.sleep(10)
            """)
        #expect(side.heard == Array("hello".utf8))
        #expect(side.problem?.kind == .keyUpdates)
        #expect(side.loss == SystemError(code: 71))
    }

    @Test(arguments: [0, 1])
    func `nobody negotiates anew`(waits: Int) throws {
        let side = try flood(
            """
            import ctypes
            lib = ctypes.CDLL("libssl.so.3")
            for name in ("TLS_client_method", "SSL_CTX_new", "SSL_new"): getattr(lib, name).restype = ctypes.c_void_p
            pointer = ctypes.c_void_p
            context = pointer(lib.SSL_CTX_new(pointer(lib.TLS_client_method())))
            lib.SSL_CTX_ctrl(context, 124, ctypes.c_long(0x303), None)
            tls = pointer(lib.SSL_new(context))
            sock = socket.create_connection(("127.0.0.1", port))
            lib.SSL_set_fd(tls, sock.fileno())
            assert lib.SSL_connect(tls) == 1
            lib.SSL_write(tls, b"hello", 5)
            lib.SSL_renegotiate(tls)
            if \(waits): lib.SSL_do_handshake(tls)
            else: lib.SSL_write(tls, b"more", 4)
            sock.shutdown(socket.SHUT_WR)
            time.sleep(10)
            """)
        #expect(side.heard.starts(with: Array("hello".utf8)))
        #expect(side.reactor.counts.handshakes == 1)
    }

    @Test func `empty records again and again are not listened to for long`() throws {
        // With the keys that the handshake agreed on, by AES-128-GCM.
        let side = try flood(
            """
            import ctypes, hashlib, hmac
            context = client()
            context.keylog_filename = f"keys-{os.getpid()}"
            context.maximum_version = ssl.TLSVersion.TLSv1_3
            sock = dial(context)
            assert sock.cipher()[0] == "TLS_AES_256_GCM_SHA384"
            for line in open(context.keylog_filename):
                words = line.split()
                if words[0] == "CLIENT_TRAFFIC_SECRET_0": secret = bytes.fromhex(words[2])
            def expand(label, length):
                label = b"tls13 " + label
                info = struct.pack("!HB", length, len(label)) + label + b"\\0\\1"
                return hmac.new(secret, info, hashlib.sha384).digest()[:length]
            key, iv = expand(b"key", 32), expand(b"iv", 12)
            lib = ctypes.CDLL("libcrypto.so.3")
            for name in ("EVP_aes_256_gcm", "EVP_CIPHER_CTX_new"): getattr(lib, name).restype = ctypes.c_void_p
            pointer, number = ctypes.c_void_p, ctypes.c_int
            def record(sequence, plain):
                plain += b"\\x17"
                head = struct.pack("!BHH", 23, 0x303, len(plain) + 16)
                nonce = bytes(a ^ b for a, b in zip(iv, b"\\0\\0\\0\\0" + struct.pack("!Q", sequence)))
                context, count = pointer(lib.EVP_CIPHER_CTX_new()), number()
                lib.EVP_EncryptInit_ex(context, pointer(lib.EVP_aes_256_gcm()), None, key, nonce)
                lib.EVP_EncryptUpdate(context, None, ctypes.byref(count), head, len(head))
                out, tag = ctypes.create_string_buffer(len(plain)), ctypes.create_string_buffer(16)
                lib.EVP_EncryptUpdate(context, out, ctypes.byref(count), plain, len(plain))
                lib.EVP_EncryptFinal_ex(context, out, ctypes.byref(count))
                lib.EVP_CIPHER_CTX_ctrl(context, 16, 16, tag)
                lib.EVP_CIPHER_CTX_free(context)
                return head + out.raw + tag.raw
            wire = socket.socket(fileno=sock.detach())
            wire.sendall(record(0, b"hello"))
            wire.sendall(b"".join(record(1 + index, b"") for index in range(5000)))
            time.sleep(10)
            """)
        #expect(side.heard == Array("hello".utf8))
        #expect(side.loss == SystemError(code: 71))
        #expect(side.problem != nil)
    }
}
