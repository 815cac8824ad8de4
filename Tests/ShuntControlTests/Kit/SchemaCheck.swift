import Foundation
import ShuntControl
import ShuntCore

/// Holds JSON against a schema of the document, as far as its schemas go: `$ref`, `type`, `required`, `properties`,
/// `additionalProperties: false`, `items`, `enum`, `pattern`, `minimum`, `maximum`, `format: date-time`.
struct SchemaCheck {
    private static let known: Set<String> = [
        "$ref", "type", "required", "properties", "additionalProperties", "items", "enum", "pattern", "minimum",
        "maximum", "format", "examples",
    ]
    let document: [String: Any]

    /// What does not fit, one line each.
    func complaints(_ value: Any, _ schema: [String: Any], at place: String = "$") -> [String] {
        let strange = Set(schema.keys).subtracting(Self.known)
        guard strange.isEmpty else { return ["\(place): the schema says \(strange.sorted()), which nobody checks"] }
        if let reference = schema["$ref"] as? String {
            guard let target = resolve(reference) else { return ["\(place): \(reference) leads nowhere"] }
            return complaints(value, target, at: place)
        }
        var found: [String] = []
        if let words = schema["enum"] as? [String], !words.contains(value as? String ?? "") {
            found.append("\(place): \(value) is none of \(words)")
        }
        switch schema["type"] as? String {
        case "object": found += object(value, schema, place)
        case "array": found += array(value, schema, place)
        case "string": found += string(value, schema, place)
        case "integer", "number": found += number(value, schema, place)
        case "boolean": if !isBoolean(value) { found.append("\(place): \(value) is no boolean") }
        case let type: found.append("\(place): the type \(type ?? "none") is not known here")
        }
        return found
    }

    func resolve(_ reference: String) -> [String: Any]? {
        reference.dropFirst(2).split(separator: "/").reduce(document as Any?) { ($0 as? [String: Any])?[String($1)] }
            as? [String: Any]
    }

    private func object(_ value: Any, _ schema: [String: Any], _ place: String) -> [String] {
        guard let members = value as? [String: Any] else { return ["\(place): \(value) is no object"] }
        let properties = schema["properties"] as? [String: [String: Any]] ?? [:]
        var found = (schema["required"] as? [String] ?? []).filter { members[$0] == nil }.map {
            "\(place): \($0) is missing"
        }
        for (name, member) in members {
            if let property = properties[name] {
                found += complaints(member, property, at: place + "." + name)
            } else if schema["additionalProperties"] as? Bool == false {
                found.append("\(place): \(name) is not in the schema")
            }
        }
        return found
    }

    private func array(_ value: Any, _ schema: [String: Any], _ place: String) -> [String] {
        guard let list = value as? [Any] else { return ["\(place): \(value) is no array"] }
        guard let items = schema["items"] as? [String: Any] else { return ["\(place): items are missing"] }
        return list.enumerated().flatMap { complaints($1, items, at: "\(place)[\($0)]") }
    }

    private func string(_ value: Any, _ schema: [String: Any], _ place: String) -> [String] {
        guard let text = value as? String else { return ["\(place): \(value) is no string"] }
        if schema["format"] as? String == "date-time", UnixTime(text: text) == nil { return ["\(place): \(text)"] }
        if let pattern = schema["pattern"] as? String,
            text.range(of: pattern, options: .regularExpression) == nil
        {
            return ["\(place): \(text) does not fit \(pattern)"]
        }
        return []
    }

    private func number(_ value: Any, _ schema: [String: Any], _ place: String) -> [String] {
        guard let number = value as? NSNumber, !isBoolean(value) else { return ["\(place): \(value) is no number"] }
        let double = number.doubleValue
        if schema["type"] as? String == "integer", double.rounded() != double { return ["\(place): \(double)"] }
        if let least = schema["minimum"] as? NSNumber, double < least.doubleValue { return ["\(place): \(double)"] }
        if let most = schema["maximum"] as? NSNumber, double > most.doubleValue { return ["\(place): \(double)"] }
        return []
    }

    /// Foundation's numbers and booleans are one class; how they print tells them apart.
    private func isBoolean(_ value: Any) -> Bool {
        let data = try? JSONSerialization.data(withJSONObject: [value])
        return ["[true]", "[false]"].contains(data.map { String(decoding: $0, as: UTF8.self) })
    }
}
