// What an output may be written over: nothing, or what this program made before.
#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace fovea {

/// What is found near the beginning of the files of a kind that this program makes.
namespace file_marks {
inline constexpr std::string_view png{"tEXtSoftware\0Fovea", 18};
inline constexpr std::string_view gif{"!\xfe\5Fovea", 8};
inline constexpr std::string_view svg =
    "<svg xmlns=\"http://www.w3.org/2000/svg\" class=\"fovea-svg\"";
inline constexpr std::string_view html = "<meta name=\"generator\" content=\"Fovea\">";
inline constexpr std::string_view safetensors = "{       \"__metadata__\":{\"fovea.crc32\":\"";
inline constexpr std::string_view onnx = "\x12\5fovea";  // the field producer_name
inline constexpr std::string_view c_code = "/* A trained network in C99, made by Fovea: ";
}  // namespace file_marks

/// Whether nothing of a stranger's is lost when `path` is written: it does not exist, holds nothing
/// (or zeros alone, as after a power cut), is the beginning of `mark`, or has `mark` in its first 4
/// KiB. Links are followed. A folder or device is never replaceable.
bool is_replaceable(const std::string& path, std::string_view mark);

/// Whether both paths mean one existing file, whatever they are called: links, hard links and other
/// spellings are seen through.
bool is_same_file(const std::string& a, const std::string& b);

/// Whether writing to both would write one file, be it there or not: also through links to nothing.
bool is_same_target(const std::string& a, const std::string& b);

/// Error, before anything is written, if `path` is not replaceable or is one of `inputs`.
void require_replaceable(const std::string& path, std::string_view mark,
                         const std::vector<std::string>& inputs);

}  // namespace fovea
