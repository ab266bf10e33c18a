extension Directory {
  /// Creates the file `name`, which must not be there, with `bytes`, durable but for its name. When it throws, a part
  /// of the file may be there.
  func create(_ name: String, holding bytes: UnsafeRawBufferPointer) throws(DatabaseError) {
    let file = try create(name)
    do throws(DatabaseError) {
      try file.append(bytes)
      try file.sync()
    } catch {
      do throws(DatabaseError) { try file.close() } catch { /* The first error says more. */  }
      throw error
    }
    do throws(DatabaseError) { try file.close() } catch { if !Mutant.closeErrorIgnored.isOn { throw error } }
  }
}
