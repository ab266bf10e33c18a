/// A column family of an open database, by which its calls name it. It stays usable, for errors, after the family was
/// dropped.
public final class LiveFamily: Sendable {
  public let id: UInt32
  public let name: String
  public let order: KeyOrder
  public let options: FamilyOptions
  let picker: CompactionPicker

  init(id: UInt32, name: String, order: KeyOrder, options: FamilyOptions) {
    self.id = id
    self.name = name
    self.order = order
    self.options = options
    picker = CompactionPicker(options.compaction)
  }
}
