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
      /explain) command=$command/${COMP_WORDS[index]} ;;
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
      mapfile -t COMPREPLY < <(compgen -W 'explain -h --help --version' -- "$cur") ;;
    /explain)
      if [[ $cur == -* ]]; then
        mapfile -t COMPREPLY < <(compgen -W '--json -h --help --version' -- "$cur")
      else
        mapfile -t COMPREPLY < <(compgen -W 'block.checksum block.decode block.zero-filled block.misplaced table.order table.separator table.filter-false-negative table.properties table.bounds table.truncated table.not-a-table table.unsupported table.no-checksum file.size file.missing file.orphan file.superseded file.digest manifest.record manifest.tail manifest.bounds manifest.sequence level.overlap level.sequence wal.record wal.tail wal.gap current.dangling blob.reference env.locked env.comparator-unknown env.encrypted' -- "$cur")
      fi ;;
  esac
}

complete -F _sofatool sofatool
