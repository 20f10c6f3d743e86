// SPDX-License-Identifier: Apache-2.0
// Damaged, hostile and half-written checkpoints: every one is refused with one clear error, none is read.
#include "ballast/lm/checkpoint/safetensors.h"

#include <gtest/gtest.h>
#include <signal.h>
#include <sys/resource.h>

#include <cstring>
#include <limits>
#include <nlohmann/json.hpp>

#include "ballast/base/error.h"
#include "ballast/base/random.h"
#include "ballast/lm/checkpoint/checkpoint.h"
#include "tests/support/scratch.h"

namespace ballast::lm {
namespace {

using base::Error;
using base::ErrorCode;
using test::ScratchFolder;

std::string file_with(const std::string& header, std::size_t data_bytes) {
  const std::uint64_t length = header.size();
  std::string bytes(8, '\0');
  std::memcpy(bytes.data(), &length, 8);
  return bytes + header + std::string(data_bytes, '\0');
}

/// "problem | hint" of the error that opening such a file gives; checks code and path.
std::string refusal(const std::string& bytes) {
  const ScratchFolder scratch;
  const auto path = scratch / "model.safetensors";
  base::write_file_atomic(path, bytes);
  try {
    const SafetensorsFile file(path);
    file.check_finite();
  } catch (const Error& e) {
    EXPECT_EQ(e.code(), ErrorCode::bad_input);
    EXPECT_EQ(e.where().find(path.string()), 0u) << e.where();
    return e.problem() + (e.hint().empty() ? "" : " | " + e.hint());
  }
  return "accepted";
}

std::string good_bytes() {
  const ScratchFolder scratch;
  const std::vector<float> w = {1, 2, 3, 4}, b = {5, 6};
  write_safetensors(scratch / "good", {TensorToWrite::floats("w", {2, 2}, w), TensorToWrite::floats("b", {2}, b)});
  return base::read_file(scratch / "good");
}

TEST(DamagedCheckpoint, CutAnywhereIsRefused) {
  const std::string good = good_bytes();
  EXPECT_EQ(refusal(good), "accepted");
  for (std::size_t size = 0; size < good.size(); ++size) {
    EXPECT_NE(refusal(good.substr(0, size)), "accepted") << "cut to " << size;
  }
  EXPECT_EQ(refusal(""), "the file is empty | a safetensors file");
  EXPECT_EQ(refusal(good.substr(0, 5)), "the file has only 5 bytes | at least the 8 bytes of the header length");
  EXPECT_EQ(refusal(good.substr(0, good.size() - 1)),
            "tensor \"w\" lies at [8, 24), outside the 23 data bytes | offsets inside the file; a file that was cut "
            "looks like this");
}

TEST(DamagedCheckpoint, FlippedHeaderBitsNeverCrashAndNeverReadOutside) {
  const std::string good = good_bytes();
  std::uint64_t length = 0;
  std::memcpy(&length, good.data(), 8);
  const ScratchFolder scratch;
  int refused = 0;
  for (std::size_t bit = 0; bit < (8 + length) * 8; ++bit) {
    std::string bad = good;
    bad[bit / 8] = static_cast<char>(bad[bit / 8] ^ (1 << (bit % 8)));
    base::write_file_atomic(scratch / "f", bad);
    try {
      const SafetensorsFile file(scratch / "f");
      // A flip inside a name or the metadata can leave a valid file; then all of it must be readable.
      for (const auto& t : file.tensors()) {
        EXPECT_EQ(file.raw(t.name).size(), static_cast<std::size_t>(t.count()) * dtype_size(t.dtype));
      }
    } catch (const Error& e) {
      EXPECT_EQ(e.code(), ErrorCode::bad_input) << e.what();
      ++refused;
    }
  }
  EXPECT_GT(refused, 500);
}

TEST(DamagedCheckpoint, RandomBytesAreRefused) {
  base::Random random(42);
  for (int round = 0; round < 300; ++round) {
    std::string bytes(random.below(200), '\0');
    for (char& c : bytes) c = static_cast<char>(random.bits());
    if (round % 2 && bytes.size() > 9) {
      const std::uint64_t length = random.below(bytes.size() - 8);
      std::memcpy(bytes.data(), &length, 8);
      bytes[8] = '{';
    }
    EXPECT_NE(refusal(bytes), "accepted");
  }
}

TEST(DamagedCheckpoint, EveryBrokenPromiseOfTheHeaderHasItsSentence) {
  const auto one = [](const std::string& entry, std::size_t bytes) {
    return refusal(file_with("{" + entry + "}", bytes));
  };
  EXPECT_EQ(refusal(std::string(7, '\xff') + "\x7f" + "{}"),
            "header length 9223372036854775807 is unreasonable | at most 100000000 bytes; is this a safetensors file?");
  EXPECT_EQ(refusal(file_with("[]", 0)), "the header does not begin with '{' | a JSON object");
  EXPECT_EQ(refusal(file_with("{\"a\":", 0)), "not valid JSON at byte 6");
  EXPECT_EQ(
      one(R"("a":{"dtype":"F32","shape":[1],"data_offsets":[0,4]},"a":{"dtype":"F32","shape":[1],"data_offsets":[4,8]})",
          8),
      "tensor \"a\" is named twice in the header | every name once");
  EXPECT_EQ(one(R"("a":7)", 0), "tensor \"a\" has no description | an object with dtype, shape and data_offsets");
  EXPECT_EQ(one(R"("a":{"shape":[1],"data_offsets":[0,4]})", 4), "field \"dtype\" is missing");
  EXPECT_EQ(
      one(R"("a":{"dtype":"F8_E4M3","shape":[1],"data_offsets":[0,1]})", 1),
      "tensor \"a\" has dtype F8_E4M3, which is not read here | one of F64, F32, F16, BF16, I64, I32, I16, I8, U8, "
      "BOOL");
  EXPECT_EQ(one(R"("a":{"dtype":"F32","shape":3,"data_offsets":[0,4]})", 4),
            "tensor \"a\" has no shape | an array of sizes");
  EXPECT_EQ(one(R"("a":{"dtype":"F32","shape":[-1],"data_offsets":[0,4]})", 4),
            "tensor \"a\" has a size -1 in its shape | whole numbers, none negative");
  EXPECT_EQ(
      one(R"("a":{"dtype":"F32","shape":[4294967296,4294967296],"data_offsets":[0,4]})", 4),
      "tensor \"a\" has shape [4294967296,4294967296], too large for any file | a shape that fits the file of 4 data "
      "bytes");
  EXPECT_EQ(one(R"("a":{"dtype":"F32","shape":[1],"data_offsets":[0]})", 4),
            "tensor \"a\" has data_offsets [0] | [begin, end] in bytes");
  EXPECT_EQ(one(R"("a":{"dtype":"F32","shape":[1],"data_offsets":[-4,0]})", 4),
            "tensor \"a\" has data_offsets [-4,0] | [begin, end] in bytes");
  EXPECT_EQ(one(R"("a":{"dtype":"F32","shape":[1],"data_offsets":[4,0]})", 4),
            "tensor \"a\" has offsets [4, 0) in the wrong order | begin before end");
  EXPECT_EQ(
      one(R"("a":{"dtype":"F32","shape":[2],"data_offsets":[0,8]})", 4),
      "tensor \"a\" lies at [0, 8), outside the 4 data bytes | offsets inside the file; a file that was cut looks like "
      "this");
  EXPECT_EQ(one(R"("a":{"dtype":"BF16","shape":[2],"data_offsets":[0,8]})", 8),
            "tensor \"a\" spans 8 bytes | 4 bytes for BF16 [2]");
  EXPECT_EQ(
      one(R"("a":{"dtype":"F32","shape":[2],"data_offsets":[0,8]},"b":{"dtype":"F32","shape":[1],"data_offsets":[4,8]})",
          8),
      "tensor \"b\" begins at byte 4 of the data and overlaps \"a\" | byte 8");
  EXPECT_EQ(
      one(R"("a":{"dtype":"F32","shape":[1],"data_offsets":[0,4]},"b":{"dtype":"F32","shape":[1],"data_offsets":[8,12]})",
          12),
      "tensor \"b\" begins at byte 8 of the data and leaves a hole after \"a\" | byte 4");
  EXPECT_EQ(one(R"("a":{"dtype":"F32","shape":[1],"data_offsets":[0,4]})", 7),
            "3 bytes at the end belong to no tensor | tensors that cover the data without holes");
  EXPECT_EQ(one(R"("__metadata__":{"n":1})", 0), "__metadata__ \"n\" is not a string | an object of strings");
}

TEST(DamagedCheckpoint, NotANumberIsFoundWithTensorAndIndex) {
  const ScratchFolder scratch;
  std::vector<float> w(1000, 1.0f), ok(10, 0.5f);
  w[777] = std::numeric_limits<float>::quiet_NaN();
  w[900] = std::numeric_limits<float>::infinity();
  for (const DType store : {DType::f32, DType::f16, DType::bf16}) {
    write_safetensors(scratch / "nan",
                      {TensorToWrite::floats("ok", {10}, ok), TensorToWrite::floats("w", {1000}, w, store)});
    EXPECT_EQ(refusal(base::read_file(scratch / "nan")), "tensor \"w\" holds NaN at index 777 | finite weights");
  }
  w[777] = 0;
  write_safetensors(scratch / "nan", {TensorToWrite::floats("w", {1000}, w)});
  EXPECT_EQ(refusal(base::read_file(scratch / "nan")), "tensor \"w\" holds an infinity at index 900 | finite weights");
}

/// Files may not grow beyond `bytes` while this lives: write() then fails as on a full disk.
class FileSizeLimit {
 public:
  explicit FileSizeLimit(rlim_t bytes) {
    old_handler_ = ::signal(SIGXFSZ, SIG_IGN);
    ::getrlimit(RLIMIT_FSIZE, &old_);
    const rlimit limit{bytes, old_.rlim_max};
    ::setrlimit(RLIMIT_FSIZE, &limit);
  }
  ~FileSizeLimit() {
    ::setrlimit(RLIMIT_FSIZE, &old_);
    ::signal(SIGXFSZ, old_handler_);
  }

 private:
  rlimit old_{};
  void (*old_handler_)(int);
};

TEST(FullDisk, LeavesTheOldCheckpointAsItWas) {
  const ScratchFolder scratch;
  const auto path = scratch / "model.safetensors";
  const std::vector<float> old_weights(4, 1.0f), big(1 << 20, 2.0f);
  write_safetensors(path, {TensorToWrite::floats("w", {4}, old_weights)});
  const std::string before = base::read_file(path);
  ErrorCode code = ErrorCode::internal;
  {
    const FileSizeLimit limit(1 << 16);
    try {
      write_safetensors(path, {TensorToWrite::floats("w", {1 << 20}, big)});
    } catch (const Error& e) {
      code = e.code();
    }
  }
  EXPECT_EQ(code, ErrorCode::io);
  EXPECT_EQ(base::exit_code(code), 1);
  EXPECT_EQ(base::read_file(path), before);
  int files = 0;
  for (const auto& entry : std::filesystem::directory_iterator(scratch.path())) files += entry.exists();
  EXPECT_EQ(files, 1) << "the half-written file is gone";
}

}  // namespace
}  // namespace ballast::lm
