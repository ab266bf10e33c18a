# fish completion for sofatool, made from its declaration.
complete -c sofatool -f
complete -c sofatool -s h -l help -d 'prints help'
complete -c sofatool -l version -d 'prints the version'
complete -c sofatool -n '__fish_use_subcommand' -a explain -d 'says what a finding means and what to do about it'

complete -c sofatool -n '__fish_seen_subcommand_from explain' -l json -d 'one JSON object a code'
complete -c sofatool -n '__fish_seen_subcommand_from explain' -a 'block.checksum block.decode block.zero-filled block.misplaced table.order table.separator table.filter-false-negative table.properties table.bounds table.truncated table.not-a-table table.unsupported table.no-checksum file.size file.missing file.orphan file.superseded file.digest manifest.record manifest.tail manifest.bounds manifest.sequence level.overlap level.sequence wal.record wal.tail wal.gap current.dangling blob.reference env.locked env.comparator-unknown env.encrypted'
