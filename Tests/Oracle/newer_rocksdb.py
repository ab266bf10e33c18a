"""What newer releases of RocksDB say about databases, through Python packages that bundle them.

    newer_rocksdb.py rocksdict|pyrex < directories

rocksdict holds RocksDB 9.8 (no zlib, format_version up to 6), pyrex-rocksdb holds 10.7. Each line of the input names a
database directory, which is opened read-write twice; rocksdict also compacts it in between. For each the output has
"DIRECTORY ENTRIES DIGEST" with the digest of Tests/Fixtures/README.md, or "DIRECTORY error TEXT". Every key is also
looked up by itself, and absent ones are.
"""

import hashlib
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


def main():
    engine = {"rocksdict": Rocksdict, "pyrex": Pyrex}[sys.argv[1]]
    for line in sys.stdin:
        path = line.rstrip("\n")
        try:
            answer = judge(engine, path)
        except Exception as error:
            answer = "error " + str(error).replace("\n", " ")
        print(path, answer, flush=True)


main()
