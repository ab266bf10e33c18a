# bash completion for sofatool, made from its declaration.

_sofatool_paths() {
  local path suffix
  compopt -o filenames 2>/dev/null
  mapfile -t COMPREPLY < <(compgen -d -- "$cur")
  while IFS= read -r path; do
    [[ -d $path ]] && continue
    [[ $# == 0 ]] && COMPREPLY+=("$path")
    for suffix in "$@"; do [[ $path == *".$suffix" ]] && COMPREPLY+=("$path"); done
  done < <(compgen -f -- "$cur")
}

_sofatool() {
  local cur=${COMP_WORDS[COMP_CWORD]} previous=${COMP_WORDS[COMP_CWORD-1]} command= attached= index
  COMPREPLY=()
  for ((index = 1; index < COMP_CWORD; index++)); do
    case $command/${COMP_WORDS[index]} in
      /info|/dump|/verify|/repair|/bulk-load|/compact|/ingest|/convert-compression|/manifest-edit|/undo|/explain) command=$command/${COMP_WORDS[index]} ;;
    esac
  done
  if [[ $cur == = ]]; then
    attached=1 cur=
  elif [[ $previous == = ]]; then
    attached=1 previous=${COMP_WORDS[COMP_CWORD-2]}
  fi
  [[ $previous == --* ]] && previous=${previous//_/-}
  case $command in
    '')
      mapfile -t COMPREPLY < <(compgen -W 'info dump verify repair bulk-load compact ingest convert-compression manifest-edit undo explain -h --help --version' -- "$cur") ;;
    /info)
      case $previous in
        --html) _sofatool_paths; return ;;
        -j|--jobs) return ;;
        --db) _sofatool_paths 'sst' 'ldb'; return ;;
      esac
      if [[ $cur == -* ]]; then
        mapfile -t COMPREPLY < <(compgen -W '-j --json --html --overwrite --show-keys --jobs --db -h --help --version' -- "$cur")
      else
        _sofatool_paths 'sst' 'ldb'
      fi ;;
    /dump)
      case $previous in
        --manifest) [[ $attached ]] && { _sofatool_paths; return; } ;;
        --wal) [[ $attached ]] && { _sofatool_paths; return; } ;;
        --find) return ;;
        --from) return ;;
        --to) return ;;
        --prefix) return ;;
        --column-family|--cf) return ;;
        --limit) return ;;
        --format) mapfile -t COMPREPLY < <(compgen -W 'text csv ndjson raw' -- "$cur"); return ;;
        --key-format) mapfile -t COMPREPLY < <(compgen -W 'escaped hex base64 u64be u32be i64be u64le' -- "$cur"); return ;;
        --value-format) mapfile -t COMPREPLY < <(compgen -W 'escaped hex base64 u64be u32be i64be u64le' -- "$cur"); return ;;
        -o|--output) _sofatool_paths; return ;;
        -j|--jobs) return ;;
        --db) _sofatool_paths 'sst' 'ldb' 'log'; return ;;
      esac
      if [[ $cur == -* ]]; then
        mapfile -t COMPREPLY < <(compgen -W '-o -j -q --internal --layout --properties --manifest --wal --find --from --to --prefix --column-family --cf --limit --count --keys-only --drop-empty --format --json --raw --csv-text --key-format --value-format --hex --output --overwrite --jobs --quiet --db -h --help --version' -- "$cur")
      else
        _sofatool_paths 'sst' 'ldb' 'log'
      fi ;;
    /verify)
      case $previous in
        --level) mapfile -t COMPREPLY < <(compgen -W 'quick blocks full' -- "$cur"); return ;;
        -j|--jobs) return ;;
        --read-mib-per-sec) return ;;
        --max-time) return ;;
        --resume) _sofatool_paths; return ;;
        --seal) _sofatool_paths; return ;;
        --against-seal) _sofatool_paths; return ;;
        --seal-key-file) _sofatool_paths; return ;;
        --prometheus) _sofatool_paths 'prom'; return ;;
        --progress) mapfile -t COMPREPLY < <(compgen -W 'auto always never' -- "$cur"); return ;;
        --db) _sofatool_paths 'sst' 'ldb'; return ;;
      esac
      if [[ $cur == -* ]]; then
        mapfile -t COMPREPLY < <(compgen -W '-j -q --level --content-digest --jobs --read-mib-per-sec --max-time --resume --seal --against-seal --seal-key-file --overwrite --json --prometheus --nagios --show-keys --progress --quiet --db -h --help --version' -- "$cur")
      else
        _sofatool_paths 'sst' 'ldb'
      fi ;;
    /repair)
      case $previous in
        --adopt) return ;;
        -j|--jobs) return ;;
        --progress) mapfile -t COMPREPLY < <(compgen -W 'auto always never' -- "$cur"); return ;;
        --db) compopt -o filenames 2>/dev/null; mapfile -t COMPREPLY < <(compgen -d -- "$cur"); return ;;
      esac
      if [[ $cur == -* ]]; then
        mapfile -t COMPREPLY < <(compgen -W '-j -q --apply --adopt --from-tables --jobs --json --show-keys --progress --quiet --db -h --help --version' -- "$cur")
      else
        compopt -o filenames 2>/dev/null; mapfile -t COMPREPLY < <(compgen -d -- "$cur")
      fi ;;
    /bulk-load)
      case $previous in
        --key) return ;;
        --value) return ;;
        --op) return ;;
        --input-format) mapfile -t COMPREPLY < <(compgen -W 'csv tsv ndjson dump sofadb-go' -- "$cur"); return ;;
        --delimiter) return ;;
        --quote) return ;;
        --header) mapfile -t COMPREPLY < <(compgen -W 'yes no' -- "$cur"); return ;;
        --duplicates) mapfile -t COMPREPLY < <(compgen -W 'error first last' -- "$cur"); return ;;
        --rejects) _sofatool_paths; return ;;
        --max-errors) return ;;
        -o|--output) compopt -o filenames 2>/dev/null; mapfile -t COMPREPLY < <(compgen -d -- "$cur"); return ;;
        --into) compopt -o filenames 2>/dev/null; mapfile -t COMPREPLY < <(compgen -d -- "$cur"); return ;;
        --column-family|--cf) return ;;
        --compression) mapfile -t COMPREPLY < <(compgen -W 'none snappy zlib lz4 lz4hc zstd' -- "$cur"); return ;;
        --block-size) return ;;
        --filter-bits) return ;;
        --target-file-size) return ;;
        --format-version) return ;;
        --checksum) mapfile -t COMPREPLY < <(compgen -W 'crc32c xxhash xxhash64 xxh3' -- "$cur"); return ;;
        --memory) return ;;
        --temp-dir) compopt -o filenames 2>/dev/null; mapfile -t COMPREPLY < <(compgen -d -- "$cur"); return ;;
        -j|--jobs) return ;;
        --progress) mapfile -t COMPREPLY < <(compgen -W 'auto always never' -- "$cur"); return ;;
      esac
      if [[ $cur == -* ]]; then
        mapfile -t COMPREPLY < <(compgen -W '-o -j -q --key --value --op --input-format --delimiter --quote --header --sorted --force --duplicates --rejects --max-errors --output --into --column-family --cf --compression --block-size --filter-bits --target-file-size --format-version --checksum --memory --temp-dir --jobs --json --progress --quiet -h --help --version' -- "$cur")
      else
        _sofatool_paths 'csv' 'tsv' 'ndjson' 'jsonl'
      fi ;;
    /compact)
      case $previous in
        --column-family|--cf) return ;;
        --from) return ;;
        --to) return ;;
        --levels) return ;;
        --files) return ;;
        --output-level) return ;;
        --bottommost) mapfile -t COMPREPLY < <(compgen -W 'auto skip force' -- "$cur"); return ;;
        --compression) mapfile -t COMPREPLY < <(compgen -W 'none snappy zlib lz4 lz4hc zstd' -- "$cur"); return ;;
        --block-size) return ;;
        --filter-bits) return ;;
        --format-version) return ;;
        --checksum) mapfile -t COMPREPLY < <(compgen -W 'crc32c xxhash xxhash64 xxh3' -- "$cur"); return ;;
        --target-file-size) return ;;
        -j|--jobs) return ;;
        --write-mib-per-sec) return ;;
        --progress) mapfile -t COMPREPLY < <(compgen -W 'auto always never' -- "$cur"); return ;;
        --db) compopt -o filenames 2>/dev/null; mapfile -t COMPREPLY < <(compgen -d -- "$cur"); return ;;
      esac
      if [[ $cur == -* ]]; then
        mapfile -t COMPREPLY < <(compgen -W '-j -q --column-family --cf --from --to --levels --files --output-level --bottommost --compression --block-size --filter-bits --format-version --checksum --target-file-size --plan --jobs --write-mib-per-sec --json --progress --quiet --db -h --help --version' -- "$cur")
      else
        compopt -o filenames 2>/dev/null; mapfile -t COMPREPLY < <(compgen -d -- "$cur")
      fi ;;
    /ingest)
      case $previous in
        --into|--db) compopt -o filenames 2>/dev/null; mapfile -t COMPREPLY < <(compgen -d -- "$cur"); return ;;
        --column-family|--cf) return ;;
        --mode) mapfile -t COMPREPLY < <(compgen -W 'copy link move' -- "$cur"); return ;;
        --progress) mapfile -t COMPREPLY < <(compgen -W 'auto always never' -- "$cur"); return ;;
      esac
      if [[ $cur == -* ]]; then
        mapfile -t COMPREPLY < <(compgen -W '-q --into --db --column-family --cf --create-family --behind --mode --plan --json --progress --quiet -h --help --version' -- "$cur")
      else
        _sofatool_paths 'sst'
      fi ;;
    /convert-compression)
      case $previous in
        --to) mapfile -t COMPREPLY < <(compgen -W 'none snappy zlib lz4 lz4hc zstd' -- "$cur"); return ;;
        --dictionary) return ;;
        --levels) return ;;
        --files) return ;;
        --column-family|--cf) return ;;
        -o|--output) compopt -o filenames 2>/dev/null; mapfile -t COMPREPLY < <(compgen -d -- "$cur"); return ;;
        -j|--jobs) return ;;
        --write-mib-per-sec) return ;;
        --progress) mapfile -t COMPREPLY < <(compgen -W 'auto always never' -- "$cur"); return ;;
        --db) _sofatool_paths 'sst' 'ldb'; return ;;
      esac
      if [[ $cur == -* ]]; then
        mapfile -t COMPREPLY < <(compgen -W '-o -j -q --to --dictionary --force --levels --files --column-family --cf --output --plan --estimate --jobs --write-mib-per-sec --json --progress --quiet --db -h --help --version' -- "$cur")
      else
        _sofatool_paths 'sst' 'ldb'
      fi ;;
    /manifest-edit)
      case $previous in
        --drop-file) return ;;
        --move-file) return ;;
        --add-file) return ;;
        --set) return ;;
        --drop-family) return ;;
        --script) _sofatool_paths; return ;;
        --at-edit) return ;;
        --column-family|--cf) return ;;
        --diff) _sofatool_paths; return ;;
        --db) compopt -o filenames 2>/dev/null; mapfile -t COMPREPLY < <(compgen -d -- "$cur"); return ;;
      esac
      if [[ $cur == -* ]]; then
        mapfile -t COMPREPLY < <(compgen -W '--drop-file --move-file --add-file --set --drop-family --script --at-edit --rebuild --column-family --cf --diff --apply --force-invalid --json --show-keys --db -h --help --version' -- "$cur")
      else
        compopt -o filenames 2>/dev/null; mapfile -t COMPREPLY < <(compgen -d -- "$cur")
      fi ;;
    /undo)
      case $previous in
        --db) compopt -o filenames 2>/dev/null; mapfile -t COMPREPLY < <(compgen -d -- "$cur"); return ;;
      esac
      if [[ $cur == -* ]]; then
        mapfile -t COMPREPLY < <(compgen -W '-q --list --discard --json --quiet --db -h --help --version' -- "$cur")
      else
        compopt -o filenames 2>/dev/null; mapfile -t COMPREPLY < <(compgen -d -- "$cur")
      fi ;;
    /explain)
      if [[ $cur == -* ]]; then
        mapfile -t COMPREPLY < <(compgen -W '--json -h --help --version' -- "$cur")
      else
        mapfile -t COMPREPLY < <(compgen -W 'block.checksum block.decode block.zero-filled block.misplaced table.order table.separator table.filter-false-negative table.properties table.bounds table.truncated table.not-a-table table.unsupported table.no-checksum file.size file.missing file.orphan file.superseded file.digest file.special manifest.record manifest.tail manifest.bounds manifest.sequence level.overlap level.sequence wal.record wal.tail wal.gap current.dangling blob.reference env.locked env.comparator-unknown env.encrypted' -- "$cur")
      fi ;;
  esac
}

complete -F _sofatool sofatool
