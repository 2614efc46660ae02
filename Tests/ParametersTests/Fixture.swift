/// The path of a file in `Fixtures`.
func fixture(_ name: String, testFile: String = #filePath) -> String {
  testFile.split(separator: "/", omittingEmptySubsequences: false).dropLast().joined(separator: "/") + "/Fixtures/"
    + name
}
