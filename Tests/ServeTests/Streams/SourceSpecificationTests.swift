import Files
import Serve
import Testing

@Suite struct `A source specification` {
  @Test func `names Fashion-MNIST and its folder`() throws {
    #expect(
      try SourceSpecification(parsing: "fashion-mnist").kind
        == .fashionMNIST(folder: "/usr/share/datasets/fashion-mnist", split: .train))
    #expect(
      try SourceSpecification(parsing: "fashion-mnist:test?folder=/d").kind == .fashionMNIST(folder: "/d", split: .test)
    )
    let error = #expect(throws: DataError.self) {
      try SourceSpecification(parsing: "fashion-mnist?folder=/nowhere").open()
    }
    #expect(error?.exitStatus == .noInput)
    #expect(error?.description.contains("dataset-fashion-mnist") == true)
  }

  @Test(arguments: [
    ("mnist", "known are fashion-mnist"), ("", "known are"), ("idx", "idx:IMAGES[,LABELS]"), ("idx:", "the form is"),
    ("idx:a,b,c", "the form is"), ("npy:,y", "npy:X.npy[,Y.npy]"), ("fashion-mnist:all", "neither train nor test"),
    ("idx:a?b=c", "has no option 'b'"), ("idx:a?b", "NAME=VALUE"), ("fashion-mnist?folder=a&folder=b", "twice"),
  ])
  func `that is wrong is a usage error that says what is right`(_ text: String, _ cause: String) throws {
    let error = #expect(throws: DataError.self) { try SourceSpecification(parsing: text) }
    #expect(error?.exitStatus == .usage)
    #expect(error?.description.contains(cause) == true, "\(String(describing: error))")
  }
}
