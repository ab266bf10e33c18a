/// Step 4, blob files: never forgotten while a table may refer to them, because an engine deletes what is not listed.
extension RepairPlanner {
  mutating func settleBlobs() throws(DatabaseError) {
    if isRebuilt { try takeBlobs() }
    for family in plan.result.sortedFamilies {
      for blob in family.blobFiles {
        let name = DatabaseFile.blob(blob.number).name
        guard scan.blobs[blob.number] != nil else {
          var loss = RepairLoss(
            .blobs, file: name,
            detail: "the MANIFEST lists this blob file and it is not there: reads of its values fail")
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

  /// Without a MANIFEST: what the files themselves say, for those that a table of the state refers to.
  private mutating func takeBlobs() throws(DatabaseError) {
    var wanted: [UInt64: UInt32] = [:]
    for table in tables.values where placed.contains(table.number) || table.metadata != nil {
      for blob in table.blobFiles { wanted[blob] = table.family ?? 0 }
    }
    for (number, name) in scan.blobs.sorted(by: { $0.key < $1.key }) {
      guard let family = wanted.removeValue(forKey: number) else {
        plan.steps.append(RepairPlan.Step(.ignore, name, ["no table refers to it"]))
        continue
      }
      let count = try countRecords(name)
      plan.result.families[family]?.blobFiles.append(
        BlobFileMetadata(number: number, count: count.records, bytes: count.bytes))
    }
    for (number, family) in wanted.sorted(by: { $0.key < $1.key }) {
      var loss = RepairLoss(
        .blobs, file: DatabaseFile.blob(number).name,
        detail: "tables refer to this blob file and it is not there: reads of its values fail")
      loss.family = plan.result.families[family]?.name
      plan.losses.append(loss)
    }
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
