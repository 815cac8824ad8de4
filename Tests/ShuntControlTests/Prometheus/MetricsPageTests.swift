import Foundation
import HTTPTypes
import ShuntControl
import ShuntCore
import ShuntTesting
import Testing

@Suite struct MetricsPageTests {
    private func report(_ definition: TableDefinition) throws -> MetricsReport {
        var sum = WorkerReport(try RoutingTable(definition))
        sum.tally.parked = 2
        var report = MetricsReport.sample(sum)
        (report.reloads, report.failedReloads) = (2, 1)
        report.workers[0].bufferedBytes = 9
        report.workers[1].age = nil
        return report
    }

    private func lines(_ report: MetricsReport) -> Set<Substring> {
        Set(String(decoding: MetricsPage.bytes(of: report, .text), as: UTF8.self).split(separator: "\n"))
    }

    @Test func `everything that is reported is told under its labels`() throws {
        var report = try report(.eitherSide(routes: 2))
        report.isPhaseOverridden = true
        report.process.cpuSeconds = 1.25
        report.process.residentBytes = 4096
        report.usage = UsageFigures()
        report.usage?.failed = 3
        report.sum.routes[1].byUnified = 5
        report.sum.routes[1].bytesToUnified = 70
        report.sum.routes[1].bytesFromUnified = 90
        report.sum.meter.endpoints[0].bytes = 60
        report.sum.tally.brownoutClosed = 2
        report.sum.routes[1].repliesByUnified = 4
        report.sum.routes[1].errorsByUnified = 1
        report.sum.pools[0].ready = 3
        report.sum.sockets.legacy[0].collapse = 6
        report.sum.meter.errors[RouteError(route: 1, side: .unified, code: .timeout)] = 1
        report.sum.meter.refused[.badJSON] = 2
        report.sum.meter.closes[ClientClose(.proxy(.slowReader), code: 1013)] = 1
        report.sum.meter.closes[ClientClose(.client, .cut)] = 4
        report.sum.meter.upstreams[0].retired[.deadAfterError] = 8
        report.sum.meter.upstreams[0].closes = [ClientClose.cut: 2, 4429: 3, ClientClose.other: 1]
        report.sum.meter.firstReplies.add(.milliseconds(3), at: Meter.place(of: 1, .unified))
        report.certificates = [
            CertificateFacts(file: "/tls/\"a\".pem", names: ["a"], serial: "1", notBefore: 0, notAfter: 1_800_000_000)
        ]
        let lines = lines(report)
        for line in [
            #"shunt_certificate_expiry_timestamp_seconds{file="/tls/\"a\".pem"} 1800000000"#,
            #"shunt_build_info{version="1.2"} 1"#, "process_start_time_seconds 1795000000.5",
            #"shunt_phase{phase="migrate"} 1"#, #"shunt_phase{phase="complete"} 0"#,
            #"shunt_config_reloads_total{result="failure"} 1"#, "shunt_replies_parked_total 2",
            #"shunt_route_unified_ratio{route="agent0"} 0.25"#,
            #"shunt_messages_forwarded_total{route="agent1",side="unified"} 5"#,
            #"shunt_messages_forwarded_bytes_total{route="agent1",side="unified"} 70"#,
            #"shunt_replies_bytes_total{route="agent1",side="unified"} 90"#,
            #"shunt_client_messages_bytes_total{endpoint="/ws/0"} 60"#,
            #"shunt_route_upstream_info{route="agent1",side="legacy",upstream="old1"} 1"#,
            "process_cpu_seconds_total 1.25", "process_resident_memory_bytes 4096", "shunt_phase_overridden 1",
            #"shunt_usage_flushes_total{result="failure"} 3"#, #"shunt_brownouts_total{outcome="closed"} 2"#,
            #"shunt_exchanges_total{route="agent1",side="unified",outcome="error"} 1"#,
            #"shunt_errors_total{route="agent1",side="unified",code="timeout"} 1"#,
            #"shunt_messages_refused_total{code="bad_json"} 2"#,
            #"shunt_client_closes_total{code="1013",reason="slow_reader"} 1"#,
            #"shunt_client_closes_total{code="none",reason="client"} 4"#,
            #"shunt_upstream_closes_total{upstream="old0",code="none"} 2"#,
            #"shunt_upstream_closes_total{upstream="old0",code="4429"} 3"#,
            #"shunt_upstream_closes_total{upstream="old0",code="other"} 1"#,
            #"shunt_client_connections{endpoint="/ws/0",way="collapse"} 6"#,
            #"shunt_upstream_connections{upstream="old0",state="ready"} 3"#,
            #"shunt_upstream_connections_retired_total{upstream="old0",reason="dead_after_error"} 8"#,
            #"shunt_first_reply_duration_seconds_bucket{route="agent1",side="unified",le="0.004"} 1"#,
            #"shunt_worker_snapshot_age_seconds{worker="0"} 0.005"#,
            #"shunt_worker_snapshot_age_seconds{worker="1"} +Inf"#,
        ] {
            #expect(lines.contains(Substring(line)), "\(line)")
        }
    }

    @Test func `what the system does not say, and a ledger that is not kept, are left out`() throws {
        let text = String(decoding: MetricsPage.bytes(of: try report(.eitherSide(routes: 1)), .text), as: UTF8.self)
        #expect(!text.contains("process_open_fds"))
        #expect(!text.contains("shunt_usage"))
    }

    @Test func `labels that were kept are those of the table that is told`() throws {
        let cache = MetricsLabelCache()
        for count in [1, 3, 2] {
            let report = try report(.eitherSide(routes: count))
            for format in MetricsFormat.allCases {
                #expect(MetricsPage.bytes(of: report, format, cache) == MetricsPage.bytes(of: report, format))
            }
        }
    }

    @Test func `a raw endpoint is told as raw`() throws {
        var definition = TableDefinition.eitherSide(routes: 2)
        definition.routes[1].endpoint?.passthrough = .raw
        let report = try report(definition)
        let told = lines(report).filter { $0.hasPrefix(#"shunt_client_connections{endpoint="/ws/1""#) }
        #expect(told == [#"shunt_client_connections{endpoint="/ws/1",way="raw"} 0"#])
    }

    @Test func `a deprecated endpoint is told when it is used`() throws {
        var report = try report(.eitherSide(routes: 2, phase: .deprecate))
        report.sum.meter.endpoints[1].deprecatedUses = 1
        let told = lines(report).filter { $0.hasPrefix("shunt_requested_deprecated_endpoints{") }
        #expect(
            told == [#"shunt_requested_deprecated_endpoints{endpoint="/ws/1",route="agent1",state="deprecated"} 1"#])
    }

    @Test func `reports of workers add up, and one of another table is understood by names`() throws {
        let new = try RoutingTable(.eitherSide(routes: 3))
        var shuffled = TableDefinition.eitherSide(routes: 2)
        shuffled.routes.reverse()
        var other = WorkerReport(try RoutingTable(shuffled))
        other.routes[0].byLegacy = 4
        other.meter.firstReplies.add(.milliseconds(1), at: Meter.place(of: 0, .legacy))
        other.meter.errors[RouteError(route: 0, side: .legacy, code: .timeout)] = 2
        other.meter.upstreams[2].dials = 5
        var sum = WorkerReport(new)
        sum.routes[1].byLegacy = 1
        sum.add(other)
        sum.add(other)
        #expect(sum.routes.map(\.byLegacy) == [0, 9, 0])
        #expect(sum.meter.firstReplies[Meter.place(of: 1, .legacy)]?.count == 2)
        #expect(sum.meter.firstReplies[Meter.place(of: 0, .legacy)] == nil)
        #expect(sum.meter.errors == [RouteError(route: 1, side: .legacy, code: .timeout): 4])
        #expect(sum.meter.upstreams.map(\.dials) == [0, 0, 0, 10])
    }

    @Test func `the listener answers it to those who may read, in the format that they ask for`() async throws {
        let report = try report(.eitherSide(routes: 1))
        var client = APIClient()
        client.extra = [AdminAPI.metrics { report }]
        let text = try await client.ask(.get, AdminPath.metrics)
        #expect(text.field("Content-Type") == MetricsFormat.text.contentType)
        let accept = ["Accept": "application/openmetrics-text; version=1.0.0"]
        let open = try await client.ask(.get, AdminPath.metrics, accept)
        #expect(open.field("Content-Type") == MetricsFormat.openMetrics.contentType)
        #expect(open.text.hasSuffix("\n# EOF\n"))
        client.settings.readToken = "reader"
        #expect(try await client.ask(.get, AdminPath.metrics).status == 401)
        #expect(try await client.ask(.get, AdminPath.metrics, ["Authorization": "Bearer reader"]).status == 200)
        let document = try await client.ask(.get, AdminPath.document, ["Authorization": "Bearer reader"])
        let paths = try #require(document.json["paths"] as? [String: [String: [String: Any]]])
        let answers = paths["/metrics"]?["get"]?["responses"] as? [String: [String: Any]]
        #expect(
            Set((answers?["200"]?["content"] as? [String: Any] ?? [:]).keys) == [
                "text/plain", "application/openmetrics-text",
            ])
    }
}
