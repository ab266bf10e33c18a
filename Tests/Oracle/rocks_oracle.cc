// What RocksDB itself says about files: the judge of everything that SofaDB writes, and the maker of databases that it
// must read. Compiled on first use by Tests/SofaTesting/RocksOracle.swift:
//
//   g++ -O1 -std=c++17 rocks_oracle.cc -lrocksdb -o rocks_oracle
//   rocks_oracle COMMAND PATH [ARGUMENT...] [name=value...]
//
//   scan DIR [cf=NAME]  live pairs in order to stdout: u32le key length, key, u32le value length, value
//   digest DIR          "cf ID ENTRIES DIGEST NAME" a family, then "db DIGEST", as in Tests/Fixtures/README.md
//   get-all DIR         every key found again by Get, MultiGet, Seek and backwards; absent keys not; filter counters
//   check DIR           paranoid open and every block checksum
//   reopen DIR          read-write open and close, then as digest
//   compact DIR         full compaction, then as digest
//   ingest DIR FILE...  into a database made if missing (move=1 seqno=1 behind=1), then as digest
//   sst FILE...         each table alone: every checksum, a scan; "sst ENTRIES DIGEST FILE"
//   share DIR...        databases that share one block cache: each read, searched and checked in changing order, and
//                       each of its tables alone; then "tables N"
//   properties FILE     table properties, "name=value" a line, values of the file's own names in hexadecimal
//   levels DIR          "level FAMILY LEVEL FILE SIZE SMALLEST-SEQUENCE LARGEST-SEQUENCE ENTRIES"
//   mk DIR              a database from operations on stdin; crash=1 ends without closing
//   mksst FILE          an external table from operations on stdin
//   play -              several histories from stdin, each in a process of its own; per history "begin DIR", the
//                       families as digest gives them once it is open and once it has ended, "end DIR STATUS"
//
// Operations, one a line, keys and values in hexadecimal, "-" for empty: put K V, del K, sdel K, merge K V,
// range BEGIN END, flush, settle (waits for what runs in the background, then prints "settled"), compact, snapshot
// (kept until the end), cf NAME (made if missing; those after it go there), drop NAME, begin and commit (what is
// between them is one batch). Of a history besides: open DIR [name=value...] first, check (every key found by every way
// of reading, every checksum), copy DIR (the directory as it is, while open).
//
// Options: comparator=bytewise|reverse|u64ts merge=stringappend|uint64add|put|max (comparator.NAME= merge.NAME= for
// one family) compression=none|snappy|zlib|bzip2|lz4|lz4hc|zstd level=N fv=N bs=BYTES ck=none|crc32c|xxhash|xxhash64|xxh3
// bloom=BITS ribbon=BITS part=1 mbs=BYTES iri=N dri=N dict=BYTES train=BYTES dhash=1 firstkey=1 delta=0 align=1
// prefix=N capped=N wholekey=0 wbs=BYTES blob=1 walcomp=1 recycle=N auto=1 (automatic compactions) readonly=1
// tfs=BYTES (target file size) subs=N (sub-compactions) recovery=MODE (wal_recovery_mode, a number)
// cachemeta=1 (indexes and filters go into the block cache)
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <filesystem>
#include <iostream>
#include <map>
#include <memory>
#include <set>
#include <sstream>
#include <string>
#include <vector>

#include "rocksdb/convenience.h"
#include "rocksdb/db.h"
#include "rocksdb/filter_policy.h"
#include "rocksdb/merge_operator.h"
#include "rocksdb/options.h"
#include "rocksdb/slice_transform.h"
#include "rocksdb/sst_file_reader.h"
#include "rocksdb/sst_file_writer.h"
#include "rocksdb/statistics.h"
#include "rocksdb/table.h"

#include "sha256.h"

using namespace ROCKSDB_NAMESPACE;
using Pairs = std::vector<std::pair<std::string, std::string>>;

static std::map<std::string, std::string> options;

static std::string option(const std::string& name, const std::string& otherwise = "") {
  auto found = options.find(name);
  return found == options.end() ? otherwise : found->second;
}
static long number(const std::string& name, long otherwise = 0) {
  return options.count(name) ? atol(options[name].c_str()) : otherwise;
}
[[noreturn]] static void fail(const std::string& message) {
  fflush(stdout);
  fprintf(stderr, "rocks_oracle: %s\n", message.c_str());
  exit(1);
}
static void check(const Status& status, const std::string& what) {
  if (!status.ok()) fail(what + ": " + status.ToString());
}

static std::string from_hex(const std::string& text) {
  if (text == "-") return "";
  std::string bytes;
  for (size_t i = 0; i + 1 < text.size(); i += 2) bytes += (char)strtol(text.substr(i, 2).c_str(), nullptr, 16);
  return bytes;
}
static std::string to_hex(const std::string& bytes) {
  static const char digits[] = "0123456789abcdef";
  std::string text;
  for (unsigned char c : bytes) text += digits[c >> 4], text += digits[c & 15];
  return text;
}
static void append_fixed(std::string& to, uint64_t value, int bytes) {
  for (int i = 0; i < bytes; i++) to += (char)(value >> (8 * i));
}

// ---- Options

static const Comparator* comparator_named(const std::string& name) {
  if (name == "reverse") return ReverseBytewiseComparator();
  const Comparator* found = BytewiseComparator();
  std::string id = found->Name() + std::string(".u64ts");
  if (name == "u64ts") check(Comparator::CreateFromString(ConfigOptions(), id, &found), "comparator");
  return found;
}

static std::shared_ptr<Cache> shared_cache;

static BlockBasedTableOptions table_options() {
  BlockBasedTableOptions table;
  if (shared_cache) table.block_cache = shared_cache;
  table.cache_index_and_filter_blocks = number("cachemeta") != 0;
  table.format_version = (uint32_t)number("fv", 5);
  table.block_size = (size_t)number("bs", 4096);
  std::map<std::string, ChecksumType> types = {
      {"none", kNoChecksum}, {"crc32c", kCRC32c}, {"xxhash", kxxHash}, {"xxhash64", kxxHash64}, {"xxh3", kXXH3}};
  table.checksum = types[option("ck", "crc32c")];
  if (number("ribbon")) table.filter_policy.reset(NewRibbonFilterPolicy((double)number("ribbon")));
  else table.filter_policy.reset(NewBloomFilterPolicy(atof(option("bloom", "10").c_str())));
  if (number("part")) {
    table.index_type = BlockBasedTableOptions::kTwoLevelIndexSearch;
    table.partition_filters = true;
  }
  if (number("firstkey")) table.index_type = BlockBasedTableOptions::kBinarySearchWithFirstKey;
  table.metadata_block_size = (uint64_t)number("mbs", 4096);
  table.index_block_restart_interval = (int)number("iri", 1);
  table.block_restart_interval = (int)number("dri", 16);
  if (number("dhash")) table.data_block_index_type = BlockBasedTableOptions::kDataBlockBinaryAndHash;
  table.use_delta_encoding = number("delta", 1) != 0;
  table.block_align = number("align") != 0;
  table.whole_key_filtering = number("wholekey", 1) != 0;
  return table;
}

static ColumnFamilyOptions family_options(const std::string& name) {
  ColumnFamilyOptions family;
  family.comparator = comparator_named(option("comparator." + name, option("comparator")));
  std::string merge = option("merge." + name, option("merge"));
  if (!merge.empty()) check(MergeOperator::CreateFromString(ConfigOptions(), merge, &family.merge_operator), "merge");
  std::map<std::string, CompressionType> types = {
      {"none", kNoCompression}, {"snappy", kSnappyCompression}, {"zlib", kZlibCompression},
      {"bzip2", kBZip2Compression}, {"lz4", kLZ4Compression}, {"lz4hc", kLZ4HCCompression}, {"zstd", kZSTD}};
  family.compression = types[option("compression", "none")];
  if (number("level")) family.compression_opts.level = (int)number("level");
  family.compression_opts.max_dict_bytes = (uint32_t)number("dict");
  family.compression_opts.zstd_max_train_bytes = (uint32_t)number("train");
  family.table_factory.reset(NewBlockBasedTableFactory(table_options()));
  if (number("prefix")) family.prefix_extractor.reset(NewFixedPrefixTransform((size_t)number("prefix")));
  if (number("capped")) family.prefix_extractor.reset(NewCappedPrefixTransform((size_t)number("capped")));
  family.disable_auto_compactions = number("auto") == 0;
  if (number("wbs")) family.write_buffer_size = (size_t)number("wbs");
  if (number("tfs")) family.target_file_size_base = (uint64_t)number("tfs");
  family.enable_blob_files = number("blob") != 0;
  family.force_consistency_checks = true;
  family.paranoid_file_checks = true;
  return family;
}

static DBOptions database_options() {
  DBOptions database;
  database.create_if_missing = number("create") != 0;
  database.create_missing_column_families = true;
  database.paranoid_checks = true;
  database.statistics = CreateDBStatistics();
  database.statistics->set_stats_level(StatsLevel::kExceptDetailedTimers);
  database.wal_recovery_mode = (WALRecoveryMode)number("recovery", (long)WALRecoveryMode::kPointInTimeRecovery);
  if (number("walcomp")) database.wal_compression = kZSTD;
  database.recycle_log_file_num = (size_t)number("recycle");
  if (number("subs")) database.max_subcompactions = (uint32_t)number("subs");
  return database;
}

// ---- Databases

struct Base {
  DBOptions opened = database_options();
  std::unique_ptr<DB> db;
  std::vector<ColumnFamilyHandle*> families;  // ascending by id

  Base(const std::string& path, bool writable) {
    std::vector<std::string> names;
    Status listed = DB::ListColumnFamilies(opened, path, &names);
    if (!listed.ok() && !opened.create_if_missing) check(listed, "list column families");
    if (!listed.ok()) names = {kDefaultColumnFamilyName};
    std::vector<ColumnFamilyDescriptor> wanted;
    for (auto& name : names) wanted.push_back({name, family_options(name)});
    DB* raw = nullptr;
    Status status = writable && !number("readonly") ? DB::Open(opened, path, wanted, &families, &raw)
                                                    : DB::OpenForReadOnly(opened, path, wanted, &families, &raw);
    check(status, "open");
    db.reset(raw);
  }
  ~Base() {
    for (auto family : families) db->DestroyColumnFamilyHandle(family);
    check(db->Close(), "close");
  }
  ColumnFamilyHandle* family(const std::string& name) {
    for (auto handle : families)
      if (handle->GetName() == name) return handle;
    return nullptr;
  }
};

// Reads at the newest timestamp where the family has timestamps.
struct Reading {
  std::string timestamp;
  Slice slice;
  ReadOptions read;
  explicit Reading(size_t size) : timestamp(size, '\xff'), slice(timestamp) {
    read.verify_checksums = true;
    read.total_order_seek = true;
    if (size) read.timestamp = &slice;
  }
};
static size_t timestamp_size(ColumnFamilyHandle* family) { return family->GetComparator()->timestamp_size(); }

static Pairs scan(Iterator* iterator) {
  Pairs pairs;
  for (iterator->SeekToFirst(); iterator->Valid(); iterator->Next())
    pairs.push_back({iterator->key().ToString(), iterator->value().ToString()});
  check(iterator->status(), "scan");
  return pairs;
}
static Pairs scan(Base& base, ColumnFamilyHandle* family) {
  Reading reading(timestamp_size(family));
  std::unique_ptr<Iterator> iterator(base.db->NewIterator(reading.read, family));
  return scan(iterator.get());
}
static std::string stream(const Pairs& pairs) {
  std::string bytes;
  for (auto& pair : pairs) {
    append_fixed(bytes, pair.first.size(), 4), bytes += pair.first;
    append_fixed(bytes, pair.second.size(), 4), bytes += pair.second;
  }
  return bytes;
}

static void print_digest(Base& base) {
  std::string all;
  for (auto family : base.families) {
    Pairs pairs = scan(base, family);
    std::string digest = sha256(stream(pairs));
    std::string name = family->GetName();
    printf("cf %u %zu %s %s\n", family->GetID(), pairs.size(), to_hex(digest).c_str(), name.c_str());
    append_fixed(all, name.size(), 4), all += name;
    append_fixed(all, pairs.size(), 8), all += digest;
  }
  printf("db %s\n", to_hex(sha256(all)).c_str());
}

// ---- get-all

static void expect(Base& base, ColumnFamilyHandle* family, const std::string& key, const std::string* value) {
  Reading reading(timestamp_size(family));
  std::string found;
  Status status = base.db->Get(reading.read, family, key, &found);
  if (value) check(status, "Get " + to_hex(key));
  if (value && found != *value) fail("Get " + to_hex(key) + ": another value");
  if (!value && !status.IsNotFound()) fail("Get " + to_hex(key) + ": found, or " + status.ToString());
}

static void expect_many(Base& base, ColumnFamilyHandle* family, const Pairs& pairs) {
  Reading reading(timestamp_size(family));
  for (size_t from = 0; from < pairs.size(); from += 50) {
    std::vector<Slice> keys;
    for (size_t i = from; i < pairs.size() && i < from + 50; i++) keys.push_back(pairs[i].first);
    std::vector<PinnableSlice> values(keys.size());
    std::vector<Status> statuses(keys.size());
    base.db->MultiGet(reading.read, family, keys.size(), keys.data(), values.data(), statuses.data());
    for (size_t i = 0; i < keys.size(); i++) {
      check(statuses[i], "MultiGet " + keys[i].ToString(true));
      if (values[i] != pairs[from + i].second) fail("MultiGet " + keys[i].ToString(true) + ": another value");
    }
  }
}

static void get_all(Base& base, bool reports = true) {
  size_t found = 0, absent = 0;
  for (auto family : base.families) {
    Pairs pairs = scan(base, family);
    std::set<std::string> present;
    for (auto& pair : pairs) present.insert(pair.first);
    expect_many(base, family, pairs);
    Reading reading(timestamp_size(family));
    std::unique_ptr<Iterator> iterator(base.db->NewIterator(reading.read, family));
    for (auto& pair : pairs) {
      expect(base, family, pair.first, &pair.second), found++;
      iterator->Seek(pair.first);
      if (!iterator->Valid() || iterator->key() != pair.first) fail("Seek " + to_hex(pair.first));
      iterator->SeekForPrev(pair.first);
      if (!iterator->Valid() || iterator->key() != pair.first) fail("SeekForPrev " + to_hex(pair.first));
      std::string longer = pair.first + '\0', shorter = pair.first.substr(0, pair.first.size() / 2);
      for (auto& probe : {longer, shorter, pair.first + "~absent"})
        if (!present.count(probe)) expect(base, family, probe, nullptr), absent++;
    }
    size_t left = pairs.size();
    for (iterator->SeekToLast(); iterator->Valid(); iterator->Prev())
      if (left-- == 0 || iterator->key() != pairs[left].first || iterator->value() != pairs[left].second)
        fail("backwards: another entry");
    check(iterator->status(), "backwards");
    if (left != 0) fail("backwards: entries missing");
  }
  if (!reports) return;
  printf("found %zu\nabsent %zu\n", found, absent);
  printf("filter-negative %llu\nfilter-positive %llu\n",
         (unsigned long long)base.opened.statistics->getTickerCount(BLOOM_FILTER_USEFUL),
         (unsigned long long)base.opened.statistics->getTickerCount(BLOOM_FILTER_FULL_POSITIVE));
}

// ---- Sharing a cache

// Opened without a database, as sst_dump does: what is not in the table's own properties is unknown.
static Pairs scan_table(const std::string& file) {
  Options all(database_options(), family_options(kDefaultColumnFamilyName));
  SstFileReader reader(all);
  check(reader.Open(file), file);
  check(reader.VerifyChecksum(), "checksums of " + file);
  Reading reading(all.comparator->timestamp_size());
  std::unique_ptr<Iterator> iterator(reader.NewIterator(reading.read));
  return scan(iterator.get());
}

static void share(const std::vector<std::string>& paths) {
  std::map<std::string, Pairs> alone;
  for (auto& path : paths)
    for (auto& entry : std::filesystem::directory_iterator(path))
      if (entry.path().extension() == ".sst") alone[entry.path()] = scan_table(entry.path());
  shared_cache = NewLRUCache(256 << 20);
  std::vector<std::unique_ptr<Base>> bases;
  for (auto& path : paths) bases.emplace_back(new Base(path, false));
  for (int round = 0; round < 3; round++) {
    for (auto& base : bases) {
      if (round != 1) check(base->db->VerifyChecksum(), "checksums of " + base->db->GetName());
      get_all(*base, false);
      check(base->db->VerifyChecksum(), "checksums of " + base->db->GetName());
    }
    for (auto& table : alone)
      if (scan_table(table.first) != table.second) fail(table.first + ": other entries");
    std::reverse(bases.begin(), bases.end());
  }
  printf("tables %zu\n", alone.size());
}

// ---- Other commands

static void check_database(Base& base) {
  check(base.db->VerifyChecksum(), "checksums");
  printf("ok\n");
}

static void compact(Base& base) {
  CompactRangeOptions how;
  how.bottommost_level_compaction = BottommostLevelCompaction::kForceOptimized;
  for (auto family : base.families) check(base.db->CompactRange(how, family, nullptr, nullptr), "compact");
}

static void ingest(Base& base, const std::vector<std::string>& files) {
  IngestExternalFileOptions how;
  how.move_files = number("move") != 0;
  how.write_global_seqno = number("seqno") != 0;
  how.ingest_behind = number("behind") != 0;
  how.verify_checksums_before_ingest = true;
  auto family = base.family(option("cf", kDefaultColumnFamilyName));
  if (!family) fail("no such column family");
  check(base.db->IngestExternalFile(family, files, how), "ingest");
}

static void inspect_tables(const std::vector<std::string>& files) {
  for (auto& file : files) {
    Options all(database_options(), family_options(kDefaultColumnFamilyName));
    SstFileReader reader(all);
    check(reader.Open(file), file);
    check(reader.VerifyChecksum(), file);
    Reading reading(all.comparator->timestamp_size());
    std::unique_ptr<Iterator> iterator(reader.NewIterator(reading.read));
    Pairs pairs = scan(iterator.get());
    printf("sst %zu %s %s\n", pairs.size(), to_hex(sha256(stream(pairs))).c_str(), file.c_str());
  }
}

static void print_properties(const std::string& file) {
  Options all(database_options(), family_options(kDefaultColumnFamilyName));
  SstFileReader reader(all);
  check(reader.Open(file), file);
  auto properties = reader.GetTableProperties();
  printf("%s", properties->ToString("\n", "=").c_str());
  for (auto& property : properties->user_collected_properties)
    printf("%s=%s\n", property.first.c_str(), to_hex(property.second).c_str());
}

static void print_levels(Base& base) {
  for (auto family : base.families) {
    ColumnFamilyMetaData data;
    base.db->GetColumnFamilyMetaData(family, &data);
    for (auto& level : data.levels)
      for (auto& file : level.files)
        printf("level %s %d %s %llu %llu %llu %llu\n", family->GetName().c_str(), level.level, file.name.c_str(),
               (unsigned long long)file.size, (unsigned long long)file.smallest_seqno,
               (unsigned long long)file.largest_seqno, (unsigned long long)file.num_entries);
  }
}

struct Operation {
  std::string name, first, second;
};
static bool next_operation(std::istream& input, Operation& operation) {
  std::string line;
  if (!std::getline(input, line)) return false;
  std::istringstream words(line);
  operation = Operation();
  words >> operation.name >> operation.first >> operation.second;
  return true;
}

// Carries out operations on an open database.
struct Player {
  Base& base;
  ColumnFamilyHandle* family = base.db->DefaultColumnFamily();
  std::vector<const Snapshot*> snapshots;
  std::unique_ptr<WriteBatch> batch;  // while one is gathered

  void copy(const std::string& target) {
    check(base.db->DisableFileDeletions(), "hold files");
    check(base.db->PauseBackgroundWork(), "pause");
    std::filesystem::copy(base.db->GetName(), target, std::filesystem::copy_options::recursive);
    check(base.db->ContinueBackgroundWork(), "continue");
    check(base.db->EnableFileDeletions(false), "release files");
  }
  // Flush returns before all files are as they will be.
  void settle() {
    check(base.db->PauseBackgroundWork(), "pause");
    check(base.db->ContinueBackgroundWork(), "continue");
    puts("settled");
    fflush(stdout);
  }
  // VerifyChecksum does not know LevelDB's name for tables.
  void check_all() {
    bool has_ldb = false;
    for (auto& entry : std::filesystem::directory_iterator(base.db->GetName()))
      has_ldb = has_ldb || entry.path().extension() == ".ldb";
    if (!has_ldb) check(base.db->VerifyChecksum(), "checksums");
    get_all(base, false);
  }
  Status drop(const std::string& name) {
    auto dropped = base.family(name);
    if (!dropped) fail("no such column family");
    if (family == dropped) family = base.db->DefaultColumnFamily();
    Status status = base.db->DropColumnFamily(dropped);
    base.families.erase(std::find(base.families.begin(), base.families.end(), dropped));
    check(base.db->DestroyColumnFamilyHandle(dropped), "drop");
    return status;
  }
  Status use(const std::string& name) {
    family = base.family(name);
    if (family) return Status::OK();
    Status status = base.db->CreateColumnFamily(family_options(name), name, &family);
    base.families.push_back(family);
    return status;
  }
  bool write(const std::string& name, const std::string& key, const std::string& value, Status& status) {
    WriteBatch alone, &to = batch ? *batch : alone;
    if (name == "put") status = to.Put(family, key, value);
    else if (name == "del") status = to.Delete(family, key);
    else if (name == "sdel") status = to.SingleDelete(family, key);
    else if (name == "merge") status = to.Merge(family, key, value);
    else if (name == "range") status = to.DeleteRange(family, key, value);
    else return false;
    if (status.ok() && !batch) status = base.db->Write(WriteOptions(), &alone);
    return true;
  }
  void play(const Operation& operation) {
    auto& name = operation.name;
    Status status;
    if (name == "flush") status = base.db->Flush(FlushOptions(), base.families);
    else if (name == "settle") settle();
    else if (name == "compact") compact(base);
    else if (name == "snapshot") snapshots.push_back(base.db->GetSnapshot());
    else if (name == "cf") status = use(operation.first);
    else if (name == "drop") status = drop(operation.first);
    else if (name == "copy") copy(operation.first);
    else if (name == "check") check_all();
    else if (name == "begin") batch.reset(new WriteBatch());
    else if (name == "commit") status = base.db->Write(WriteOptions(), batch.get()), batch.reset();
    else if (!write(name, from_hex(operation.first), from_hex(operation.second), status))
      fail("unknown operation " + name);
    check(status, name);
  }
  ~Player() {
    for (auto snapshot : snapshots) base.db->ReleaseSnapshot(snapshot);
  }
};

static void make(const std::string& path) {
  options["create"] = "1";
  Base base(path, true);
  Player player{base};
  Operation operation;
  while (next_operation(std::cin, operation)) player.play(operation);
  if (number("crash")) {
    check(base.db->FlushWAL(true), "sync");
    fflush(stdout);
    _exit(0);
  }
  print_digest(base);
}

// ---- Histories

static void play_history(const std::string& path, const std::vector<std::string>& lines) {
  options["create"] = "1";
  Base base(path, true);
  print_digest(base);
  Player player{base};
  std::string all;
  for (auto& line : lines) all += line + "\n";
  std::istringstream input(all);
  Operation operation;
  while (next_operation(input, operation)) player.play(operation);
  print_digest(base);
}

// A process of its own, so that a failed assertion ends one history.
static void play_apart(const std::string& opening, const std::vector<std::string>& lines) {
  std::istringstream words(opening);
  std::string word, path;
  words >> word >> path;
  options.clear();
  while (words >> word) options[word.substr(0, word.find('='))] = word.substr(word.find('=') + 1);
  printf("begin %s\n", path.c_str());
  fflush(stdout);
  pid_t child = fork();
  if (child < 0) fail("fork");
  if (child == 0) {
    // What it says is told with its end.
    dup2(STDOUT_FILENO, STDERR_FILENO);
    play_history(path, lines);
    fflush(stdout);
    _exit(0);
  }
  int status = 0;
  waitpid(child, &status, 0);
  printf("end %s %d\n", path.c_str(), WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status));
}

// All is read before the first fork: a child that exits moves the place in the input that they share.
static void play_all() {
  std::vector<std::pair<std::string, std::vector<std::string>>> histories;
  for (std::string line; std::getline(std::cin, line);) {
    if (line.rfind("open ", 0) == 0) histories.push_back({line, {}});
    else if (!histories.empty()) histories.back().second.push_back(line);
  }
  for (auto& history : histories) play_apart(history.first, history.second);
}

static void make_table(const std::string& path) {
  SstFileWriter writer(EnvOptions(), Options(database_options(), family_options(kDefaultColumnFamilyName)));
  check(writer.Open(path), "open");
  Operation operation;
  while (next_operation(std::cin, operation)) {
    std::string key = from_hex(operation.first), value = from_hex(operation.second);
    Status status;
    if (operation.name == "put") status = writer.Put(key, value);
    else if (operation.name == "del") status = writer.Delete(key);
    else if (operation.name == "merge") status = writer.Merge(key, value);
    else if (operation.name == "range") status = writer.DeleteRange(key, value);
    else fail("unknown operation " + operation.name);
    check(status, operation.name);
  }
  check(writer.Finish(), "finish");
}

static void run(const std::string& command, const std::string& path, const std::vector<std::string>& rest) {
  if (command == "mk") return make(path);
  if (command == "play") return play_all();
  if (command == "mksst") return make_table(path);
  if (command == "properties") return print_properties(path);
  if (command == "sst") {
    std::vector<std::string> files = {path};
    files.insert(files.end(), rest.begin(), rest.end());
    return inspect_tables(files);
  }
  if (command == "share") {
    std::vector<std::string> paths = {path};
    paths.insert(paths.end(), rest.begin(), rest.end());
    return share(paths);
  }
  if (command == "ingest") options["create"] = "1";
  bool writable = command == "ingest" || command == "reopen" || command == "compact";
  Base base(path, writable);
  if (command == "digest" || command == "reopen") return print_digest(base);
  if (command == "get-all") return get_all(base);
  if (command == "check") return check_database(base);
  if (command == "levels") return print_levels(base);
  if (command == "ingest") return ingest(base, rest), print_digest(base);
  if (command == "compact") return compact(base), print_digest(base);
  if (command != "scan") fail("unknown command " + command);
  auto family = base.family(option("cf", kDefaultColumnFamilyName));
  if (!family) fail("no such column family");
  std::string bytes = stream(scan(base, family));
  fwrite(bytes.data(), 1, bytes.size(), stdout);
}

int main(int count, char** arguments) {
  std::vector<std::string> words;
  for (int i = 1; i < count; i++) {
    std::string word = arguments[i];
    size_t sign = word.find('=');
    bool named = sign != std::string::npos && word.find('/') == std::string::npos;
    if (named) options[word.substr(0, sign)] = word.substr(sign + 1);
    else words.push_back(word);
  }
  if (words.size() < 2) fail("usage: rocks_oracle COMMAND PATH [ARGUMENT...] [name=value...]");
  run(words[0], words[1], std::vector<std::string>(words.begin() + 2, words.end()));
  if (fflush(stdout) != 0) fail("stdout");
  return 0;
}
