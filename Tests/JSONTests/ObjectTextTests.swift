import JSON
import Testing

@Suite struct `An object written as JSON` {
  @Test func `turns what is not a number into null and escapes text`() {
    var object = ObjectText()
    #expect(object.text == "{}")
    object.add("a\"b", Double.nan)
    object.add("c", "line\n\\\u{1}é")
    object.add("d", 1e-7)
    #expect(object.text == #"{"a\"b": null, "c": "line\n\\\u0001é", "d": 1e-07}"#)
  }

  @Test func `has numbers that read back as they were, without a fraction where there is none`() {
    var object = ObjectText()
    object.add("integers", [0, -1, Int.max])
    object.add("words", [UInt64.max])
    object.add("doubles", [0, -2, 0.1, 1e21, -Double.infinity])
    object.add("floats", [0.1, 3, 1e-9, Float.nan])
    object.add("truth", [true, false])
    #expect(
      object.text == """
        {"integers": [0, -1, 9223372036854775807], "words": [18446744073709551615], \
        "doubles": [0, -2, 0.1, 1e+21, null], "floats": [0.1, 3, 1e-09, null], "truth": [true, false]}
        """)
  }

  @Test func `has objects and lists in it`() {
    var inner = ObjectText()
    inner.add("x", 1)
    var list = ListText()
    list.append(2)
    list.append("B + \"1\"")
    list.append([inner])
    list.append(ListText())
    var object = ObjectText()
    object.add("empty", [String]())
    object.add("rows", [[1.5, 2], []] as [[Double]])
    object.add("inner", inner)
    object.add("inners", [inner, ObjectText()])
    object.add("list", list)
    #expect(
      object.text == """
        {"empty": [], "rows": [[1.5, 2], []], "inner": {"x": 1}, "inners": [{"x": 1}, {}], \
        "list": [2, "B + \\"1\\"", [{"x": 1}], []]}
        """)
  }

  @Test func `leaves out what is not there, or says null`() {
    let (one, nothing): (Int?, Int?) = (1, nil)
    var object = ObjectText()
    object.add("a", nothing)
    object.add("b", one)
    object.add("c", orNull: nothing)
    object.add("d", orNull: one)
    object.add("e", nothing)
    #expect(object.text == #"{"b": 1, "c": null, "d": 1}"#)
  }

  @Test func `needs no spaces`() {
    var inner = ObjectText(isCompact: true)
    inner.add("x", [1, 2])
    inner.add("y", "a, b: c")
    var object = ObjectText(isCompact: true)
    object.add("inner", inner)
    object.add("z", [[true], [false]])
    #expect(object.text == #"{"inner":{"x":[1,2],"y":"a, b: c"},"z":[[true],[false]]}"#)
  }

  @Test func `has strings that the lexer reads back`() throws {
    var text = ""
    for value in UInt32(0)...0x2FFF { if let scalar = Unicode.Scalar(value) { text.unicodeScalars.append(scalar) } }
    text += "\u{FEFF}\u{FFFF}😀\u{10FFFF}"
    var object = ObjectText(isCompact: true)
    object.add("", text)
    var lexer = Lexer(Array(object.text.utf8))
    lexer.offset = #"{"":""#.utf8.count
    let string = try lexer.string()
    #expect(Array(string.utf8) == Array(text.utf8))
  }
}
