/// Step 4, blob files: never forgotten while a table may refer to them, because an engine deletes what is not listed.
extension RepairPlanner {
  mutating func settleBlobs() throws(DatabaseError) {
    if !listIsWhole { try takeBlobs() }
    for family in plan.result.sortedFamilies {
      for blob in family.blobFiles {
        let name = DatabaseFile.blob(blob.number).name
        guard scan.blobs[blob.number] != nil else {
          var loss = RepairLoss(
            .blobs, file: name,
            detail: "the MANIFEST lists this blob file and it is not there: reads of its values fail until it is back")
          loss.family = family.name
          (loss.count, loss.isExact) = (blob.count - min(blob.garbageCount, blob.count), false)
          plan.losses.append(loss)
          continue
        }
        try examine(blob, family, name)
      }
    }
  }

  private mutating func examine(
    _ blob: BlobFileMetadata, _ family: DraftState.Family, _ name: String
  ) throws(DatabaseError) {
    var audit = BlobAudit(try directory.open(name), DirectoryAudit.Blob(metadata: blob, family: family.id))
    try audit.run()
    let errors = audit.findings.filter { $0.severity == .error }
    plan.steps.append(RepairPlan.Step(.keep, name, family: family.name, errors.map(\.detail)))
    for finding in errors {
      var loss = RepairLoss(.blobs, file: name, detail: "\(finding.detail): reads of these values fail")
      loss.family = family.name
      (loss.offset, loss.length) = (finding.offset, finding.length)
      plan.losses.append(loss)
    }
  }

  /// Where the MANIFEST does not tell: what the files themselves say, for those that a table of the state refers to.
  private mutating func takeBlobs() throws(DatabaseError) {
    let rewritten = Set(plan.rewrites.map(\.metadata.number))
    for family in plan.result.sortedFamilies {
      let known = Set(family.blobFiles.map(\.number))
      let members = Set(family.tables.map(\.number))
      var wanted: Set<UInt64> = []
      for table in tables.values where table.family == family.id {
        if members.contains(table.number) || rewritten.contains(table.number) { wanted.formUnion(table.blobFiles) }
      }
      wanted.formUnion(family.tables.compactMap(\.oldestBlobFile))
      for number in wanted.subtracting(known).sorted() { try take(blob: number, family) }
      let listed = known.union(plan.result.families[family.id]?.blobFiles.map(\.number) ?? [])
      for index in family.tables.indices {
        guard let oldest = family.tables[index].oldestBlobFile, !listed.contains(oldest) else { continue }
        let others = tables[family.tables[index].number]?.blobFiles ?? []
        plan.result.families[family.id]?.tables[index].oldestBlobFile = others.filter(listed.contains).min()
      }
    }
    let listed = Set(plan.result.families.values.flatMap { $0.blobFiles.map(\.number) })
    for (number, name) in scan.blobs.sorted(by: { $0.key < $1.key }) where !listed.contains(number) {
      plan.steps.append(RepairPlan.Step(.ignore, name, ["no table refers to it"]))
    }
  }

  private mutating func take(blob number: UInt64, _ family: DraftState.Family) throws(DatabaseError) {
    guard let name = scan.blobs[number] else {
      var loss = RepairLoss(
        .blobs, file: DatabaseFile.blob(number).name,
        detail: "tables refer to this blob file and it is not there: reads of its values fail until it is back")
      loss.family = family.name
      plan.losses.append(loss)
      return
    }
    let count = try countRecords(name)
    plan.result.families[family.id]?.blobFiles.append(
      BlobFileMetadata(number: number, count: count.records, bytes: count.bytes))
    plan.needsManifest = true
  }

  private func countRecords(_ name: String) throws(DatabaseError) -> (records: UInt64, bytes: UInt64) {
    let file = try directory.open(name)
    var offset = UInt64(BlobFile.headerSize)
    var records: UInt64 = 0
    let end: UInt64
    do throws(DatabaseError) {
      end = file.size - (try BlobFile(file: file).footer() == nil ? 0 : UInt64(BlobFile.footerSize))
    } catch {
      guard error.kind == .corruption else { throw error }
      end = file.size
    }
    while offset < end, end - offset >= UInt64(BlobFile.recordHeaderSize) {
      let bytes = try file.readExactly(BlobFile.recordHeaderSize, at: offset)
      defer { withExtendedLifetime(bytes) {} }
      let header: BlobRecordHeader
      do throws(FormatError) { header = try BlobRecordHeader(bytes.bytes) } catch { break }
      let (body, overflow) = header.keySize.addingReportingOverflow(header.valueSize)
      guard !overflow, body <= end - offset - UInt64(BlobFile.recordHeaderSize) else { break }
      offset += UInt64(BlobFile.recordHeaderSize) + body
      records += 1
    }
    return (max(records, 1), max(offset - UInt64(BlobFile.headerSize), 33))
  }
}
