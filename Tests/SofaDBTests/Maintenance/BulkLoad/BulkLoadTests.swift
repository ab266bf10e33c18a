import SofaTesting
import Testing

@testable import SofaDB

@Suite struct BulkLoadTests {
  static let people = "id,name,city\n3,Cleo,Paris\n1,Ada,London\n2,Bob,\"New York, NY\"\n"

  @Test func rowsBecomeSortedEntries() throws {
    let load = try LoadCase(key: "id", value: "csv(name,city)")
    let report = try load.load(BulkLoadTests.people)
    #expect(try load.entries() == ["1=Ada,London", "2=Bob,\"New York, NY\"", "3=Cleo,Paris"])
    #expect(report.rowsRead == 3 && report.rowsWritten == 3 && report.isBalanced)
    #expect(report.bytesRead == UInt64(BulkLoadTests.people.utf8.count) - 13)
    #expect(try LoadCase.names(load.system) == ["out"])
    #expect(load.system.openHandles == 0 && load.system.unclosedFiles.isEmpty)
    #expect(try load.system.directory(at: "db/out").entries().map(\.name) == ["000001.sst"])
  }

  @Test func aDatabaseIsMade() throws {
    var load = try LoadCase(key: "u64be(id)")
    load.output = .database("db/out")
    try load.load(BulkLoadTests.people)
    #expect(
      try load.entries() == [
        #"\x00\x00\x00\x00\x00\x00\x00\x01={"id":"1","name":"Ada","city":"London"}"#,
        #"\x00\x00\x00\x00\x00\x00\x00\x02={"id":"2","name":"Bob","city":"New York, NY"}"#,
        #"\x00\x00\x00\x00\x00\x00\x00\x03={"id":"3","name":"Cleo","city":"Paris"}"#,
      ])
    let names = try load.system.directory(at: "db/out").entries().map(\.name).sorted()
    #expect(names == ["000001.sst", "CURRENT", "IDENTITY", "MANIFEST-000002"])
  }

  @Test func anotherFamilyStandsBesideTheDefaultOne() throws {
    var load = try LoadCase(key: "id", value: "name")
    load.output = .database("db/out")
    load.options.family = "people"
    try load.load(BulkLoadTests.people)
    #expect(try load.entries(of: "people") == ["1=Ada", "2=Bob", "3=Cleo"])
    #expect(try load.entries() == [])
  }

  @Test func semicolonsWithoutHeaderOrQuotes() throws {
    var load = try LoadCase(key: "hex(#1)", value: "#2,'/',#3")
    load.format = .delimited(Dialect(delimiter: 0x3B, quote: nil, hasHeader: false))
    try load.load("0041;LATIN CAPITAL LETTER A;Lu;0;L\n00E9;LATIN \"E\";Ll;0;L\n0022;QUOTATION MARK;Po;0;ON")
    #expect(
      try load.entries() == [
        #"\x00"=QUOTATION MARK/Po"#, #"\x00A=LATIN CAPITAL LETTER A/Lu"#, #"\x00\xe9=LATIN "E"/Ll"#,
      ])
  }

  @Test func columnsWithoutNamesBecomeCSV() throws {
    var load = try LoadCase(key: "#2")
    load.format = .delimited(Dialect(hasHeader: false))
    try load.load("x,b\ny,a\n")
    #expect(try load.entries() == ["a=y,a", "b=x,b"])
  }

  @Test func jsonObjectsAreLoaded() throws {
    var load = try LoadCase(key: "text0(kind),i64be(n)", value: "json(name,tags,n)")
    load.format = .ndjson
    try load.load(
      """
      {"kind":"a","n":-1,"name":"caf\\u00e9"}
      {"n":2, "kind":"a", "tags":["x",{"y":null}], "other":[1,2,{"a":"b"}]}

      {"kind":"","n":0,"name":null}
      """)
    #expect(
      try load.entries() == [
        #"\x00\x80\x00\x00\x00\x00\x00\x00\x00={"name":null,"n":0}"#,
        #"a\x00\x7f\xff\xff\xff\xff\xff\xff\xff={"name":"caf\\u00e9","n":-1}"#,
        #"a\x00\x80\x00\x00\x00\x00\x00\x00\x02={"tags":["x",{"y":null}],"n":2}"#,
      ])
  }

  @Test func wholeObjectsStayAsTheyAre() throws {
    var load = try LoadCase(key: "id")
    load.format = .ndjson
    try load.load("{ \"id\" : \"b\\u0041\", \"x\": 1.50 }\r\n")
    #expect(try load.entries() == [#"bA={ "id" : "b\\u0041", "x": 1.50 }"#])
  }

  static let badObjects: [(text: String, reason: String)] = [
    ("[1]", "a JSON object expected"), ("{\"id\":1} x", "text after the end of the value"),
    ("{\"id\":1", "unexpected end"), ("{\"id\":1,\"id\":2}", "twice"), ("{\"x\":1}", "no such member"),
    ("{\"id\":null}", "null"), ("{\"id\":[1]}", "array"), ("nonsense", "JSON"), ("{\"id\":\"\\ud800\"}", "surrogate"),
    ("{\"id\":\"\"}", "the key is empty"),
  ]

  @Test(arguments: badObjects.indices)
  func badObjectsEndTheLoad(_ index: Int) throws {
    var load = try LoadCase(key: "id", value: "'x'")
    load.format = .ndjson
    let error = try load.failure("{\"id\":0}\n\(BulkLoadTests.badObjects[index].text)\n{\"id\":3}\n")
    #expect(error?.kind == .corruption)
    let detail = error?.detail ?? ""
    #expect(detail.hasPrefix("line 2: ") && detail.contains(BulkLoadTests.badObjects[index].reason), "\(detail)")
  }

  @Test func deletionsAreTombstones() throws {
    var load = try LoadCase(key: "id", value: "name")
    load.options.operationColumn = try RowExpression("city")
    let report = try load.load("id,name,city\na,x,put\nb,,delete\n")
    #expect(try load.entries() == ["a=x"])
    #expect(report.rowsWritten == 2)
    #expect(report.tables.map(\.entries) == [2])
    let error = try LoadCase(key: "id").with { $0.options.operationColumn = try RowExpression("city") }
      .failure("id,name,city\na,x,PUT\n")
    #expect(
      error?.detail == "line 2: column city: neither put nor delete; --max-errors and --rejects set bad rows aside")
  }

  // MARK: Duplicates

  static let repeated = "k,v\nb,1\na,2\nb,3\nc,4\nb,5\na,6\n"

  @Test func duplicatesFollowThePolicy() throws {
    for (policy, expected) in [(DuplicatePolicy.first, ["a=2", "b=1", "c=4"]), (.last, ["a=6", "b=5", "c=4"])] {
      for memory in [1 << 16, 1 << 20] {
        for jobs in [1, 3] {
          var load = try LoadCase(key: "k", value: "v")
          load.options.duplicates = policy
          load.options.memory = memory
          load.options.jobs = jobs
          let report = try load.load(BulkLoadTests.repeated)
          #expect(try load.entries() == expected)
          #expect(report.duplicates == 3 && report.rowsWritten == 3 && report.rowsRead == 6)
        }
      }
    }
  }

  @Test func aDuplicateEndsTheLoadAndNamesBothLines() throws {
    let error = try LoadCase(key: "k", value: "v").failure("k,v\nz,\"1\n2\"\na,2\nz,4\n")
    #expect(error?.kind == .corruption)
    #expect(error?.detail == "line 5: the same key as line 2; --duplicates first or last keeps one")
  }

  // MARK: Bad rows

  static let mixed = "id,n\n1,10\n2,x\n3,30,7\n\"4\"x,40\n5,\"5\n6\"\n7,70\n8,\n"

  @Test func theFirstBadRowEndsTheLoad() throws {
    let error = try LoadCase(key: "id", value: "u64be(n)").failure(BulkLoadTests.mixed)
    #expect(error?.detail == "line 3: column n: not a decimal digit; --max-errors and --rejects set bad rows aside")
    #expect(error?.file.hasSuffix("input") == true)
  }

  @Test func badRowsAreSetAside() throws {
    var load = try LoadCase(key: "id", value: "u64be(n)")
    load.options.maxErrors = 5
    load.options.rejects = "db/bad.csv"
    let report = try load.load(BulkLoadTests.mixed)
    #expect(report.rowsRead == 7 && report.rowsWritten == 2 && report.rejected == 5 && report.isBalanced)
    #expect(try text("bad.csv", load) == "id,n\n2,x\n3,30,7\n\"4\"x,40\n5,\"5\n6\"\n8,\n")
    #expect(
      try text("bad.csv.reasons", load) == """
        db/input: line 3: column n: not a decimal digit
        db/input: line 4: the row has 3 fields and not 2
        db/input: line 5: column id: text after a closing quote
        db/input: line 6: column n: not a decimal digit
        db/input: line 9: column n: a number is missing

        """)
    #expect(try LoadCase.names(load.system) == ["bad.csv", "bad.csv.reasons", "out"])
    load.options.maxErrors = 4
    load.output = .tables("db/again")
    #expect(throws: DatabaseError.self) { try load.load(BulkLoadTests.mixed) }
    #expect(try LoadCase.names(load.system) == ["bad.csv", "bad.csv.reasons", "out"])
  }

  private func text(_ name: String, _ load: LoadCase) throws -> String {
    let file = try load.system.directory(at: "db").open(name)
    let content = try file.readExactly(Int(file.size), at: 0)
    return withExtendedLifetime(content) { String(decoding: content.bytes, as: UTF8.self) }
  }

  @Test func somebodyElsesFileIsNotReplacedByRejects() throws {
    var load = try LoadCase(key: "id")
    load.options.rejects = "db/input"
    #expect(try load.failure("id\n1\n")?.kind == .alreadyExists)
  }

  @Test func theSameRowEndsTheLoadWithAnyNumberOfThreads() throws {
    var text = "id\n"
    for row in 0..<20000 { text += row == 7000 || row % 1000 == 999 && row > 7000 ? "x\n" : "\(row)\n" }
    for jobs in [1, 2, 5] {
      var load = try LoadCase(key: "u64be(id)", value: "'v'")
      load.options.jobs = jobs
      load.options.memory = 1 << 18
      #expect(
        try load.failure(text)?.detail
          == "line 7002: column id: not a decimal digit; --max-errors and --rejects set bad rows aside")
      load.options.maxErrors = 2
      #expect(try load.failure(text)?.detail == "line 9001: column id: not a decimal digit (bad row 3; 2 are allowed)")
    }
  }

  // MARK: Options and outputs

  @Test func whatExistsIsRefused() throws {
    var load = try LoadCase(key: "id")
    try load.load("id\n1\n")
    #expect(throws: DatabaseError.self) { try load.load("id\n1\n") }
    load.output = .database("db/base")
    try load.load("id\n1\n")
    do {
      try load.load("id\n1\n")
      Issue.record("a database was replaced")
    } catch let error as DatabaseError {
      #expect(error.kind == .alreadyExists && error.detail.contains("holds a database"))
    }
    #expect(try LoadCase.names(load.system) == ["base", "out"])
  }

  @Test func anEmptyDirectoryIsTaken() throws {
    let load = try LoadCase(key: "id")
    _ = try load.system.directory(at: "db").createDirectory("out")
    try load.load("id\n1\n")
    #expect(try load.entries().count == 1)
  }

  @Test func aForeignPartialDirectoryIsLeftAlone() throws {
    let load = try LoadCase(key: "id")
    _ = try load.system.directory(at: "db").createDirectory("out.partial").createDirectory("mine")
    #expect(throws: DatabaseError.self) { try load.load("id\n1\n") }
    #expect(try load.system.directory(at: "db/out.partial").entries().map(\.name) == ["mine"])
  }

  @Test func aRunningLoadIsNotDisturbed() throws {
    let load = try LoadCase(key: "id")
    let partial = try load.system.directory(at: "db").createDirectory("out.partial")
    let lock = try partial.lock(PartialDirectory.marker)
    do {
      try load.load("id\n1\n")
      Issue.record("two loads write to one directory")
    } catch let error as DatabaseError {
      #expect(error.kind == .locked)
    }
    lock.release()
    try load.load("id\n1\n")
  }

  @Test func noRowsGiveNoTables() throws {
    var load = try LoadCase(key: "id")
    let report = try load.load("id\n")
    #expect(report.tables.isEmpty && report.rowsRead == 0)
    #expect(try load.system.directory(at: "db/out").entries().isEmpty)
    load.output = .database("db/base")
    try load.load("id\n")
    #expect(try load.entries() == [])
    #expect(try load.with { $0.output = .tables("db/no") }.failureKeeping("") == .corruption)
  }

  @Test func cancellingLeavesNothing() throws {
    let load = try LoadCase(key: "id")
    try LoadCase.write(Array("id\n1\n2\n".utf8), to: "input", in: load.system)
    for allowed in 0..<4 {
      let asked = Monitor(0)
      do {
        _ = try BulkLoad(
          [.path("db/input")], format: load.format, output: load.output, options: load.options, in: load.system,
          isCancelled: {
            asked.change {
              $0 += 1
              return $0 > allowed
            }
          }
        ).run()
        Issue.record("nobody listened")
      } catch {
        #expect(error.kind == .cancelled)
      }
      #expect(try LoadCase.names(load.system) == [])
    }
  }

  @Test func progressReachesTheEnd() throws {
    let load = try LoadCase(key: "id")
    try LoadCase.write(Array("id\n1\n2\n".utf8), to: "input", in: load.system)
    let last = Monitor<[LoadProgress]>([])
    _ = try BulkLoad(
      [.path("db/input")], format: load.format, output: load.output, options: load.options, in: load.system,
      progress: { step in last.change { $0.append(step) } }
    ).run()
    let steps = last.change { $0 }
    #expect(steps.last?.phase == .writing && steps.last?.done == steps.last?.total)
    #expect(steps.first?.phase == .reading && steps.first?.total == 7)
  }
}

extension LoadCase {
  func with(_ change: (inout LoadCase) throws -> Void) rethrows -> LoadCase {
    var copy = self
    try change(&copy)
    return copy
  }

  /// The kind of error, where other results lie in `db` already.
  func failureKeeping(_ text: String) throws -> DatabaseError.Kind? {
    let before = try LoadCase.names(system)
    do {
      try load(text)
      return nil
    } catch let error as DatabaseError {
      #expect(try LoadCase.names(system) == before)
      return error.kind
    }
  }
}
