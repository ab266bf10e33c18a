"""What newer releases of RocksDB say about databases, through Python packages that bundle them.

    newer_rocksdb.py rocksdict|pyrex < directories
    newer_rocksdb.py play < histories

rocksdict holds RocksDB 9.8 (no zlib, format_version up to 6), pyrex-rocksdb holds 10.7. Each line of the input names a
database directory, which is opened read-write twice; rocksdict also compacts it in between. For each the output has
"DIRECTORY ENTRIES DIGEST" with the digest of Tests/Fixtures/README.md, or "DIRECTORY error TEXT". Every key is also
looked up by itself, and absent ones are.

"play" carries out histories with rocksdict, as rocks_oracle.cc describes them, but for merges and orders of one's own.
"""

import hashlib
import shutil
import sys


def digest(pairs):
    hash = hashlib.sha256()
    for key, value in pairs:
        hash.update(len(key).to_bytes(4, "little") + key + len(value).to_bytes(4, "little") + value)
    return f"{len(pairs)} {hash.hexdigest()}"


def check(get, pairs):
    present = {key for key, _ in pairs}
    for key, value in pairs:
        if get(key) != value:
            raise ValueError(f"get {key.hex()}: another value")
        for probe in (key + b"\0", key[: len(key) // 2], key + b"~absent"):
            if probe not in present and get(probe) is not None:
                raise ValueError(f"get {probe.hex()}: found")


class Rocksdict:
    def __init__(self, path):
        import rocksdict

        table = rocksdict.BlockBasedOptions()
        table.set_bloom_filter(10, False)
        options = rocksdict.Options(raw_mode=True)
        options.set_block_based_table_factory(table)
        options.set_disable_auto_compactions(True)
        self.database = rocksdict.Rdict(path, options)

    def pairs(self):
        return [(bytes(key), bytes(value)) for key, value in self.database.items()]

    def get(self, key):
        return self.database.get(key)

    def compact(self):
        self.database.compact_range(None, None)

    def close(self):
        self.database.close()


class Pyrex:
    def __init__(self, path):
        import pyrex

        options = pyrex.PyOptions()
        options.use_block_based_bloom_filter(10)
        self.database = pyrex.PyRocksDB(path, options)

    def pairs(self):
        found = []
        iterator = self.database.new_iterator()
        iterator.seek_to_first()
        while iterator.valid():
            found.append((iterator.key(), iterator.value()))
            iterator.next()
        iterator.check_status()
        return found

    def get(self, key):
        return self.database.get(key)

    def compact(self):
        pass

    def close(self):
        self.database.close()


def judge(engine, path):
    database = engine(path)
    first = database.pairs()
    check(database.get, first)
    database.compact()
    database.close()
    database = engine(path)
    second = database.pairs()
    database.close()
    if first != second:
        raise ValueError("another content after reopening")
    return digest(first)


class History:
    """One history: a database with its families, and what is done to it."""

    def __init__(self, path, words):
        import rocksdict

        self.rocksdict = rocksdict
        self.path = path
        self.chosen = dict(word.split("=", 1) for word in words)
        options = self.options()
        options.create_if_missing(True)
        try:
            names = rocksdict.Rdict.list_cf(path, options)
        except Exception:
            names = ["default"]
        families = {name: self.options() for name in names}
        self.database = rocksdict.Rdict(path, options, column_families=families)
        self.families = {name: self.database.get_column_family(name) for name in names if name != "default"}
        self.families["default"] = self.database
        self.current = "default"

    def options(self):
        kinds = self.rocksdict
        table = kinds.BlockBasedOptions()
        table.set_bloom_filter(10, False)
        table.set_block_size(int(self.chosen["bs"]))
        table.set_format_version(int(self.chosen["fv"]))
        table.set_checksum_type(getattr(kinds.ChecksumType, self.chosen["ck"])())
        if self.chosen["part"] == "1":
            table.set_index_type(kinds.BlockBasedIndexType.two_level_index_search())
            table.set_partition_filters(True)
        options = kinds.Options(raw_mode=True)
        options.set_block_based_table_factory(table)
        options.set_compression_type(getattr(kinds.DBCompressionType, self.chosen["compression"])())
        options.set_disable_auto_compactions(self.chosen["auto"] == "0")
        options.set_write_buffer_size(65536)
        options.set_paranoid_checks(True)
        return options

    def digests(self):
        names = sorted(self.families, key=lambda name: (name != "default", name))
        for name in names:
            pairs = [(bytes(key), bytes(value)) for key, value in self.families[name].items()]
            check(self.families[name].get, pairs)
            print(f"cf 0 {digest(pairs)} {name}")

    def carry_out(self, name, first="-", second="-"):
        family = self.families[self.current]
        if name in ("put", "del", "sdel", "range"):
            key, value = [b"" if word == "-" else bytes.fromhex(word) for word in (first, second)]
        if name == "put":
            family.put(key, value)
        elif name in ("del", "sdel"):
            family.delete(key)
        elif name == "range":
            family.delete_range(key, value)
        elif name == "flush":
            for each in self.families.values():
                each.flush()
        elif name == "compact":
            for each in self.families.values():
                each.compact_range(None, None)
        elif name == "cf":
            if first not in self.families:
                self.families[first] = self.database.create_column_family(first, self.options())
            self.current = first
        elif name == "drop":
            del self.families[first]
            self.database.drop_column_family(first)
            if self.current == first:
                self.current = "default"
        elif name == "copy":
            self.database.flush_wal(True)
            shutil.copytree(self.path, first)
        elif name not in ("begin", "commit", "check"):
            raise ValueError("unknown operation " + name)

    def close(self):
        for name, family in self.families.items():
            if name != "default":
                family.close()
        self.families.clear()
        self.database.close()


def play():
    histories = []
    for line in sys.stdin:
        words = line.split()
        if words[0] == "open":
            histories.append((words[1], words[2:], []))
        else:
            histories[-1][2].append(words)
    for path, options, steps in histories:
        print("begin", path)
        try:
            history = History(path, options)
            history.digests()
            for words in steps:
                history.carry_out(*words)
            history.digests()
            history.close()
            answer = "0"
        except Exception as error:
            answer = "error " + str(error).replace("\n", " ")
        print("end", path, answer, flush=True)


def main():
    if sys.argv[1] == "play":
        play()
        return
    engine = {"rocksdict": Rocksdict, "pyrex": Pyrex}[sys.argv[1]]
    for line in sys.stdin:
        path = line.rstrip("\n")
        try:
            answer = judge(engine, path)
        except Exception as error:
            answer = "error " + str(error).replace("\n", " ")
        print(path, answer, flush=True)


main()
